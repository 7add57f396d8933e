import type { Allow, DenyObligations, RequireApproval } from '../contracts/decision.ts';
import type { NoRoom } from './effect-room.ts';
import type { DecisionEvent, Refused } from './effect-state.ts';

/** An effect that its rules allow and that their budgets have no room for. */
export const crowded = ({ rules, policy, obligations }: Allow, { detail, retryAfterMs }: NoRoom): Refused => ({
  ...{ reason: 'budget-exhausted', rules, access: 0, policy, detail },
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  ...(obligations.alert === undefined ? {} : { obligations: { alert: obligations.alert } }),
});

/** Whether a question was asked under the policy that holds now, and of everybody who has to be asked now. */
export function isStillAsked(asked: RequireApproval, now: Allow | RequireApproval): boolean {
  if (now.policy.digest !== asked.policy.digest) return false;
  const known = asked.obligations.approval.roles;
  return now.effect === 'allow' || now.obligations.approval.roles.every((role) => known.includes(role));
}

/** Who is told of a decision. */
export const alertsOf = ({ alert }: DenyObligations): Pick<DecisionEvent, 'alerts'> =>
  alert === undefined ? {} : { alerts: alert };
