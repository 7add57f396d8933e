import type { BudgetRequest, CostSource, Exhausted, Reservation, RunBudgets } from '../contracts/budget.ts';
import type { BudgetTerm } from '../contracts/decision.ts';
import type { Json } from '../contracts/request.ts';
import { parseAmount } from './amount.ts';
import { isFull, type BudgetStore, type Correction } from './budget-store.ts';
import { createCounterNames, type Counter } from './counter.ts';
import { createRoomAhead, type Need, type Part, type RoomAhead, type RunClock } from './room-ahead.ts';

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

  return Object.freeze({
    reserve(request: BudgetRequest): Reservation | Exhausted {
      const { terms, action, resource } = request;
      const price = terms.some(({ kind }) => kind === 'cost') ? priceOf(action, resource) : undefined;
      const wanted: Need[] = [];
      for (const term of terms) {
        if (term.kind === 'cost' && price === undefined) return { exhausted: term, because: 'no-price' };
        const counter = nameOf(term, request);
        if (counter === undefined) return { exhausted: term, because: 'no-user' };
        // Terms of two callers may be the same counter, as that of a role is: it counts once.
        if (!wanted.some((other) => other.counter.key === counter.key))
          wanted.push({ counter, need: needOf(term, price) });
      }
      const taken = room().take(wanted);
      if (isFull(taken)) return exhaustedOf(wanted[taken.full]?.counter, taken.retryAfterMs);
      const reservation = createReservation(taken, {
        room: room(),
        price,
        settled: () => unsettled.delete(reservation),
      });
      unsettled.add(reservation);
      return reservation;
    },

    close(): void {
      // What was reserved stays taken: nobody knows what has been done of it. The places are free.
      const slots = [...unsettled];
      unsettled.clear();
      try {
        for (const reservation of slots) reservation.settle({ performed: true });
        ahead?.close();
      } finally {
        opened?.close();
      }
    },
  });
}

/** Of bytes only that there is room at all: they are taken as they move. */
function needOf({ kind }: BudgetTerm, price: Price | undefined): number {
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

function exhaustedOf(counter: Counter | undefined, retryAfterMs: number | undefined): Exhausted {
  if (counter === undefined) throw new TypeError('no room in a counter that nobody asked for');
  return { exhausted: counter.term, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

interface ReservationParts {
  readonly room: RoomAhead;
  readonly price: Price | undefined;
  readonly settled: () => void;
}

function createReservation(parts: readonly Part[], { room, price, settled }: ReservationParts): Reservation {
  const ofBytes = parts.flatMap(({ counter }) => (counter.term.kind === 'bytes' ? [counter] : []));
  let bytes = 0;
  /** What was taken for them, while it is little enough to be given back one by one. */
  const inBytes: Part[] = [];
  let lacking: Exhausted | undefined;
  let reported: number | undefined;
  let over = false;

  return Object.freeze({
    takeBytes(count: number): boolean {
      if (over || !Number.isSafeInteger(count) || count < 0) return false;
      if (count === 0 || ofBytes.length === 0) return true;
      const taken = room.take(ofBytes.map((counter) => ({ counter, need: count })));
      if (isFull(taken)) {
        lacking = exhaustedOf(ofBytes[taken.full], taken.retryAfterMs);
        return false;
      }
      bytes += count;
      if (inBytes.length < MOST_GIVEN_BACK) inBytes.push(...taken);
      return true;
    },
    lacking: () => lacking,
    ...(price?.source === undefined ? {} : { costSource: price.source }),
    reportCost(written: string): void {
      if (!over) reported ??= parseAmount(written);
    },
    settle({ performed }: { readonly performed: boolean }): { readonly [name: string]: Json } {
      if (over) return {};
      over = true;
      settled();
      const shown: Json[] = [];
      const corrections: Correction[] = [];
      const slots: number[] = [];
      const giveBack = ({ back, correction }: Omit<Use, 'shown'>): void => {
        // What was taken ahead is given back to what is still there of it, without asking the store.
        if (correction !== undefined && (back === undefined || !room.putBack(back))) corrections.push(correction);
      };
      for (const part of parts) {
        const use = useOf(part, { performed, bytes, reported });
        shown.push(use.shown);
        giveBack(use);
        if (part.slot !== undefined) slots.push(part.slot);
      }
      if (!performed && inBytes.length < MOST_GIVEN_BACK) for (const part of inBytes) giveBack(backOf(part));
      room.correct(corrections, slots);
      return { budgets: shown };
    },
  });
}

/** An effect that moved nothing has taken room for few pieces. Beyond that, what was taken stays taken. */
const MOST_GIVEN_BACK = 64;

interface Use {
  readonly shown: Json;
  readonly correction?: Correction;
  readonly back?: Part & { readonly amount: number };
}

/** What became of one part of a reservation. */
function useOf(
  part: Part,
  { performed, bytes, reported }: { performed: boolean; bytes: number; reported: number | undefined },
): Use {
  const { counter, taken } = part;
  const { kind, rule } = counter.term;
  switch (kind) {
    case 'concurrency':
      return { shown: { kind, rule } };
    case 'bytes':
      return { shown: { kind, rule, taken: bytes, ...(performed || bytes === 0 ? {} : { returned: bytes }) } };
    case 'rate':
      return performed ? { shown: { kind, rule, taken: 1 } } : givenBack(part, taken?.amount ?? 0);
    case 'cost': {
      const amount = taken?.amount ?? 0;
      const cost = performed ? (reported ?? amount) : 0;
      if (cost <= amount) return givenBack(part, amount - cost, reported);
      if (counter.window === undefined) throw new TypeError('a cost is counted in a window');
      return {
        shown: { kind, rule, taken: amount, charged: cost - amount, reported: cost },
        correction: { counter: counter.window, charge: cost - amount },
      };
    }
  }
}

function givenBack(part: Part, amount: number, reported?: number): Use {
  const { counter, taken } = part;
  const { kind, rule } = counter.term;
  const shown = {
    kind,
    rule,
    taken: taken?.amount ?? 0,
    ...(amount === 0 ? {} : { returned: amount }),
    ...(reported === undefined ? {} : { reported }),
  };
  return { shown, ...backOf(part, amount) };
}

/** How an amount of a part is given back: to what was taken ahead, or to the store. */
function backOf(part: Part, amount = part.taken?.amount ?? 0): Omit<Use, 'shown'> {
  const { counter, taken } = part;
  if (amount === 0 || taken === undefined || counter.window === undefined) return {};
  return {
    back: { ...part, amount },
    correction: { counter: counter.window, back: { until: taken.until, amount } },
  };
}
