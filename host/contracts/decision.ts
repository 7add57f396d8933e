/** What the policy answers. */

/** Why something is denied. The same closed set stands in `wit/types.wit` as `denial-reason`. */
export const DENIAL_REASONS = [
  'no-rule',
  'forbidden-by-rule',
  'not-approved',
  'budget-exhausted',
  'address-forbidden',
  'protected-resource',
  'invalid-request',
  'not-served',
  'unsupported-obligation',
  'policy-unavailable',
  'audit-unavailable',
] as const;
export type DenialReason = (typeof DENIAL_REASONS)[number];

/** Names the policy that decided. `digest` is `sha256:` and hex over the policy set; `generation` counts reloads. */
export interface PolicyRef {
  readonly digest: string;
  readonly generation: number;
}

/** How much of the payload enters the audit record. */
export type LogDetail = 'digest' | 'full';

/** What must be done with an allow: the strictest of all matching rows. A gate that cannot do one of them denies. */
export interface Obligations {
  /** The most rows that one call may return. */
  readonly rows?: number;
  /** The longest that one effect may take, in milliseconds. */
  readonly timeoutMs?: number;
  readonly log?: LogDetail;
}
export type ObligationName = keyof Obligations;

/** A rule that took part in a decision. `id` is stable: it changes only when the row's cells change. */
export interface RuleRef {
  readonly id: string;
  /** Whether the resource pattern names host or path without a wildcard in the host (or, without host, at all). */
  readonly namesHost: boolean;
}

export interface Allow {
  readonly effect: 'allow';
  readonly rules: readonly RuleRef[];
  readonly obligations: Obligations;
  readonly policy: PolicyRef;
}

/** Asked of a person, later; until then the pipeline denies with `not-approved`. */
export interface RequireApproval {
  readonly effect: 'approve';
  readonly rules: readonly RuleRef[];
  readonly approvers: readonly string[];
  readonly policy: PolicyRef;
}

export interface Deny {
  readonly effect: 'deny';
  readonly reason: DenialReason;
  readonly rules: readonly RuleRef[];
  /** Index into the request's accesses: the first one that was not allowed. */
  readonly access: number;
  /** In a chain of callers: the first whose rules deny, `agent:NAME`, where that is not the agent that acts. */
  readonly agent?: string;
  readonly policy: PolicyRef;
}

export type Decision = Allow | RequireApproval | Deny;
