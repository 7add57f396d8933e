import type { BudgetTerm } from './decision.ts';
import type { Principal } from './principal.ts';
import type { Json } from './request.ts';

/** Who asks for room, and for what. */
export interface BudgetRequest {
  readonly terms: readonly BudgetTerm[];
  readonly principal: Principal;
  readonly action: string;
  readonly resource: string;
}

/** Where an effect says what it cost: a header of the response, or a field of a tool's JSON output, with dots. */
export type CostSource =
  { readonly kind: 'header'; readonly name: string } | { readonly kind: 'field'; readonly path: string };

/** Room that was taken for one effect. It may throw where its state cannot be kept. */
export interface Reservation {
  /** Takes room for bytes before they move. False: there is none, and they must not move. */
  takeBytes(bytes: number): boolean;
  /** What the last `takeBytes` found no room in. */
  lacking(): Exhausted | undefined;
  /** Where the effect reports what it cost; nowhere, if absent: then its price is what it costs. */
  readonly costSource?: CostSource;
  /** What the effect reported, as it was written. What is no amount is no report: the price stays. */
  reportCost(written: string): void;
  /**
   * Gives back what was not used, once; nothing the second time. Where nothing was `performed`, nothing moved either, and
   * all of it is given back. Answers what the record shows.
   */
  settle(used: { readonly performed: boolean }): { readonly [name: string]: Json };
}

/** There is no room. `retryAfterMs` is the earliest time when there is; none where waiting does not help or nobody knows. */
export interface Exhausted {
  readonly exhausted: BudgetTerm;
  readonly retryAfterMs?: number;
  /** Why there can be none: nobody on whose behalf it counts, or nothing that says what it costs. */
  readonly because?: 'no-user' | 'no-price';
}

export const isExhausted = (answer: Reservation | Exhausted): answer is Exhausted => 'exhausted' in answer;

/** Keeps the counters of budgets. Synchronous; it throws where its state cannot be kept: then nothing happens. */
export interface Budgets {
  /** Takes room from all counters or from none. */
  reserve(request: BudgetRequest): Reservation | Exhausted;
}

/** The budgets of one run. */
export interface RunBudgets extends Budgets {
  /** Gives back what was taken ahead and not used: the policy has changed, and it may be nobody's any more. */
  policyChanged(): void;
  /** Gives back what was taken ahead and not used, and every place that is still held. */
  close(): void;
}
