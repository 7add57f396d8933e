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

/** For whom one counter of a budget counts. */
export type BudgetScope = 'agent' | 'role' | 'user' | 'resource';

/**
 * Room that one rule gives: calls (`rate`), bytes, money, or calls under way at the same time. Budgets are not merged: each
 * has a counter of its own, and all must have room.
 */
export interface BudgetTerm {
  readonly kind: 'rate' | 'bytes' | 'cost' | 'concurrency';
  /** The rule that wrote it. */
  readonly rule: string;
  /**
   * Names the counter, with kind, window and scope: the rule without its obligations, so that another limit is one of the
   * same counter. The rule itself, if absent.
   */
  readonly counter?: string;
  /** Calls, bytes, or millionths of the currency. */
  readonly limit: number;
  /** The length of the window, milliseconds. None for `concurrency`. */
  readonly periodMs?: number;
  /** ISO 4217; only for `cost`. */
  readonly currency?: string;
  readonly scope: BudgetScope;
  /** For whom it counts, where that is not the agent that acts: a caller, whose rules hold as well. */
  readonly owner?: BudgetOwner;
}

/** A principal that counters may count for. */
// An alias, because only those are JSON to the compiler: it is recorded as it stands.

export type BudgetOwner = {
  /** `agent:NAME`. */
  readonly agent: string;
  /** `user:NAME`. */
  readonly onBehalfOf?: string;
};

/** What a person has to say yes to: one of each role, all of them different people. */
export interface ApprovalTerms {
  /** Names of `approvers` in the configuration, sorted. */
  readonly roles: readonly string[];
  /** How long the answer is waited for, milliseconds. */
  readonly ttlMs: number;
}

/** A label, and where it stands in the order of the configuration: 0 is the least sensitive. */
export interface LabelRef {
  readonly name: string;
  readonly rank: number;
}

/** What must be done with an allow: the strictest of all matching rows. A gate that cannot do one of them denies. */
export interface Obligations {
  /** The most rows that one call may return. */
  readonly rows?: number;
  /** The most bytes that one call may move, in both directions together. */
  readonly bytes?: number;
  /** The longest that one effect may take, in milliseconds. */
  readonly timeoutMs?: number;
  readonly log?: LogDetail;
  readonly budgets?: readonly BudgetTerm[];
  /** Names of detectors, sorted: what they find is masked in what comes in and goes out. */
  readonly redact?: readonly string[];
  /** What is read carries at least this label into the run. */
  readonly label?: LabelRef;
  readonly approval?: ApprovalTerms;
  /** Who is to be told, sorted. */
  readonly alert?: readonly string[];
}
export type ObligationName = keyof Obligations;

/** A rule that took part in a decision. `id` is stable: it changes only when the row's cells change. */
export interface RuleRef {
  readonly id: string;
  /** Whether the resource pattern names host or path without a wildcard in the host (or, without host, at all). */
  readonly namesHost: boolean;
}

/** What one engine answered. `rules` are the ids of those that it found to match. `error`: it failed. */
export interface EngineFinding {
  readonly effect: 'allow' | 'deny' | 'error';
  readonly rules: readonly string[];
}

/** An access on which the compiled engine and Casbin do not agree. It goes into the record of every run that it concerns. */
export interface Divergence {
  readonly agent: string;
  readonly action: string;
  readonly resource: string;
  readonly casbin: EngineFinding;
  readonly compiled: EngineFinding;
}

/** What every decision may carry: differences between the engines that made it, found now or earlier. */
interface Watched {
  readonly diverged?: readonly Divergence[];
}

export interface Allow extends Watched {
  readonly effect: 'allow';
  readonly rules: readonly RuleRef[];
  readonly obligations: Obligations;
  readonly policy: PolicyRef;
}

/** Allowed once the people that `obligations.approval` names have said so. */
export interface RequireApproval extends Watched {
  readonly effect: 'approve';
  readonly rules: readonly RuleRef[];
  readonly obligations: Obligations & { readonly approval: ApprovalTerms };
  readonly policy: PolicyRef;
}

export interface Deny extends Watched {
  readonly effect: 'deny';
  readonly reason: DenialReason;
  readonly rules: readonly RuleRef[];
  /** Index into the request's accesses: the first one that was not allowed. */
  readonly access: number;
  /** In a chain of callers: the first whose rules deny, `agent:NAME`, where that is not the agent that acts. */
  readonly agent?: string;
  /** What the rows that deny ask for; nothing, if absent. */
  readonly obligations?: DenyObligations;
  readonly policy: PolicyRef;
}

/** What a deny row may ask for. */
export type DenyObligations = Pick<Obligations, 'log' | 'alert'>;

export type Decision = Allow | RequireApproval | Deny;
