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

/** Room that was taken for one effect. */
export interface Reservation {
  /** Takes room for bytes before they move. False: there is none, and they must not move. */
  takeBytes(bytes: number): boolean;
  /** Gives back what was not used, once. `cost` is what the effect reported, millionths. Answers what the record shows. */
  settle(used: { readonly cost?: number; readonly performed: boolean }): { readonly [name: string]: Json };
}

/** There is no room. `retryAfterMs` is when there may be; none where waiting does not help. */
export interface Exhausted {
  readonly exhausted: BudgetTerm;
  readonly retryAfterMs?: number;
}

export const isExhausted = (answer: Reservation | Exhausted): answer is Exhausted => 'exhausted' in answer;

/** Keeps the counters of budgets. Synchronous; it throws where its state cannot be kept: then nothing happens. */
export interface Budgets {
  /** Takes room from all counters or from none. */
  reserve(request: BudgetRequest): Reservation | Exhausted;
}
