import type { ApprovalTerms, PolicyRef, RuleRef } from './decision.ts';
import type { Principal, RunFacts } from './principal.ts';
import type { Json } from './request.ts';

/** What a person is asked to say yes to: exactly what will happen, as it was decided on. For the operator alone. */
export interface ApprovalRequest {
  /** The id of the decision that asks: in the record, and what a person names. */
  readonly decision: string;
  readonly principal: Principal;
  readonly facts: RunFacts;
  /** Every access of the request; the first names the effect. */
  readonly accesses: readonly { readonly action: string; readonly resource: string }[];
  /** What the record shows of the request. */
  readonly summary: { readonly [key: string]: Json };
  /** The request itself, where its gate gives it. */
  readonly payload?: { readonly [key: string]: Json };
  /** SHA-256 over the canonical request, hex: an answer is for this and nothing else. */
  readonly digest: string;
  readonly policy: PolicyRef;
  readonly rules: readonly RuleRef[];
  readonly terms: ApprovalTerms;
  /** The label of what would be touched, where there are labels. */
  readonly label?: string;
}

/** How a question was answered. `unavailable`: nobody could be asked. */
export type ApprovalAnswer =
  | { readonly status: 'granted'; readonly by: readonly string[]; readonly scope: 'once' | 'run' }
  | { readonly status: 'denied'; readonly by: string }
  | { readonly status: 'expired' }
  | { readonly status: 'unavailable' };

/** Asks people. It settles by itself: with an answer, or when the time of the question is over. Never rejects. */
export interface Approvals {
  ask(request: ApprovalRequest): Promise<ApprovalAnswer>;
}
