import type { ApprovalTerms, PolicyRef, RuleRef } from './decision.ts';
import type { Json } from './request.ts';

/** How far a yes goes. `run`: for every request of the same run with the same rules, actions and resources. */
export type ApprovalScope = 'once' | 'run';

/** What a person is asked to say yes to: exactly what will happen, as it was decided on. Plain data; for the operator alone. */
export interface ApprovalRequest {
  /** The id of the decision that asks: in the record, and what a person names. */
  readonly decision: string;
  /** Every access of the request; the first names the effect. */
  readonly accesses: readonly { readonly action: string; readonly resource: string }[];
  /** What the record shows of the request. */
  readonly summary: { readonly [key: string]: Json };
  /** The request itself, where its gate gives it. */
  readonly payload?: { readonly [key: string]: Json };
  /** The request carries what is neither here nor bound by the digest: what was said of one says nothing of another. */
  readonly partial?: true;
  /** SHA-256 over all of the request that can be shown, hex: an answer is for this and nothing else. */
  readonly digest: string;
  readonly policy: PolicyRef;
  /** The ids of the rules that ask. */
  readonly rules: readonly RuleRef['id'][];
  readonly terms: ApprovalTerms;
  /** The label of what would be touched, where there are labels. */
  readonly label?: string;
}

/**
 * Why nobody was asked. `no-store`: questions cannot be kept; `too-many`: this run or its agent has asked enough;
 * `nobody-may`: there are not as many different people as the rules want; `ended`: the run is over.
 */
export type ApprovalObstacle = 'no-store' | 'too-many' | 'nobody-may' | 'ended';

/** How a question was answered. `question` is its id: that of an earlier one, where the answer to that was meant for this too. */
export type ApprovalAnswer =
  | {
      readonly status: 'granted';
      readonly question: string;
      /** `user:NAME`, sorted. */
      readonly by: readonly string[];
      readonly scope: ApprovalScope;
    }
  | { readonly status: 'denied'; readonly question: string; readonly by: string }
  | { readonly status: 'expired'; readonly question: string }
  | { readonly status: 'unavailable'; readonly why: ApprovalObstacle };

/** Asks people. It settles by itself: with an answer, or when the time of the question is over. Never rejects. */
export interface Approvals {
  ask(request: ApprovalRequest): Promise<ApprovalAnswer>;
}
