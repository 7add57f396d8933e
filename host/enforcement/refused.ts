import type { Allow, DenyObligations, RequireApproval } from '../contracts/decision.ts';
import type { NoRoom } from './effect-room.ts';
import type { DecisionEvent, Refused } from './effect-state.ts';

/** An effect that its rules allow and that their budgets have no room for. */
export const crowded = ({ rules, policy, obligations }: Allow, { detail, retryAfterMs }: NoRoom): Refused => ({
  ...{ reason: 'budget-exhausted', rules, access: 0, policy, detail },
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  ...(obligations.alert === undefined ? {} : { obligations: { alert: obligations.alert } }),
});

/** What makes an answer worthless that was given to a question: it asked under other terms than those that hold now. */
export function changeOf(asked: RequireApproval, now: Allow | RequireApproval): string | undefined {
  if (now.policy.digest !== asked.policy.digest) return 'policy-changed';
  const known = asked.obligations.approval.roles;
  const others = now.effect === 'approve' && now.obligations.approval.roles.some((role) => !known.includes(role));
  return others ? 'terms-changed' : undefined;
}

/** Who is told of a decision. */
export const alertsOf = ({ alert }: DenyObligations): Pick<DecisionEvent, 'alerts'> =>
  alert === undefined ? {} : { alerts: alert };
