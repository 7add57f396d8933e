import type { BudgetRequest, CostSource, Exhausted, Reservation, RunBudgets } from '../contracts/budget.ts';
import type { BudgetTerm } from '../contracts/decision.ts';
import { isFull, type BudgetStore } from './budget-store.ts';
import { createCounterNames } from './counter.ts';
import { createReservation, exhaustedOf } from './reservation.ts';
import { createRoomAhead, type Need, type RoomAhead, type RunClock } from './room-ahead.ts';

/** What an action on a resource costs. */
export interface Price {
  /** Millionths of the currency. */
  readonly amount: number;
  readonly source?: CostSource;
}

/** What the configuration says that an effect costs; nothing where it does not say. */
export type PriceOf = (action: string, resource: string) => Price | undefined;

export interface BudgetsParts {
  readonly run: string;
  /** Opens the store. Asked again where it failed. */
  readonly store: () => BudgetStore;
  readonly priceOf: PriceOf;
  readonly clock: RunClock;
}

/** Makes the budgets of one run. Nothing is opened before the first reservation. */
export function createBudgets({ run, store, priceOf, clock }: BudgetsParts): RunBudgets {
  const nameOf = createCounterNames();
  let opened: BudgetStore | undefined;
  let ahead: RoomAhead | undefined;
  const room = (): RoomAhead => {
    opened ??= store();
    return (ahead ??= createRoomAhead({ store: opened, run, clock }));
  };
  const unsettled = new Set<Reservation>();
  const settled = (reservation: Reservation): void => void unsettled.delete(reservation);
  // The terms of a rule are made once, with it: what most of them need is the same each time.
  const plans = new WeakMap<BudgetRequest['terms'], readonly Need[]>();

  function taking(wanted: readonly Need[], price: Price | undefined): Reservation | Exhausted {
    const from = room();
    const taken = from.take(wanted);
    if (isFull(taken)) return exhaustedOf(wanted[taken.full]?.counter, taken.retryAfterMs);
    const reservation = createReservation(taken, { room: from, source: price?.source, settled });
    unsettled.add(reservation);
    return reservation;
  }

  return Object.freeze({
    reserve(request: BudgetRequest): Reservation | Exhausted {
      const { terms, action, resource } = request;
      const known = plans.get(terms);
      if (known !== undefined) return taking(known, undefined);
      const price = terms.some(({ kind }) => kind === 'cost') ? priceOf(action, resource) : undefined;
      const wanted: Need[] = [];
      for (const term of terms) {
        if (term.kind === 'cost' && price === undefined) return { exhausted: term, because: 'no-price' };
        const counter = nameOf(term, request);
        if (counter === undefined) return { exhausted: term, because: 'no-user' };
        // Terms of two callers may be the same counter, as that of a role is, or of two rows that differ in their limits
        // alone: it counts once, by the lower of them.
        const same = wanted.findIndex((other) => other.counter.key === counter.key);
        const need = { counter, need: needOf(term, price) };
        if (same < 0) wanted.push(need);
        else if (term.limit < (wanted[same]?.counter.term.limit ?? 0)) wanted[same] = need;
      }
      if (terms.every(isConstant)) plans.set(terms, wanted);
      return taking(wanted, price);
    },

    policyChanged: () => ahead?.giveBack(),

    close(): void {
      // What was reserved stays taken: nobody knows what has been done of it. The places are free.
      const slots = [...unsettled];
      unsettled.clear();
      try {
        for (const reservation of slots) reservation.settle({ performed: true });
        ahead?.giveBack();
      } finally {
        opened?.close();
      }
    },
  });
}

/** Whether a term needs the same of the same counter, whatever a run asks for. */
const isConstant = ({ kind, scope }: BudgetTerm): boolean => kind !== 'cost' && scope !== 'resource';

/** Of bytes only that there is room at all: they are taken as they move. */
export function needOf({ kind }: BudgetTerm, price: Price | undefined): number {
  switch (kind) {
    case 'rate':
    case 'concurrency':
      return 1;
    case 'bytes':
      return 0;
    case 'cost':
      return price?.amount ?? 0;
  }
}
