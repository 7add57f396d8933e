import type { Allow, Obligations, PolicyRef, RequireApproval, RuleRef } from '../../contracts/decision.ts';
import { strictest } from './merge.ts';

/** The answer where every access is allowed: by these rules, under the strictest of what they ask. */
export function allowedBy(
  rules: readonly RuleRef[],
  all: readonly Obligations[],
  policy: PolicyRef,
): Allow | RequireApproval {
  const obligations = strictest(all);
  const { approval } = obligations;
  if (approval === undefined) return { effect: 'allow', rules, obligations, policy };
  return { effect: 'approve', rules, obligations: { ...obligations, approval }, policy };
}
