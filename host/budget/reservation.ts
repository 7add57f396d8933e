import type { CostSource, Exhausted, Reservation } from '../contracts/budget.ts';
import type { Json } from '../contracts/request.ts';
import { parseAmount } from './amount.ts';
import { isFull, type Correction } from './budget-store.ts';
import type { Counter } from './counter.ts';
import type { Part, RoomAhead } from './room-ahead.ts';

interface ReservationParts {
  readonly room: RoomAhead;
  readonly source: CostSource | undefined;
  readonly settled: (reservation: Reservation) => void;
}

/** Makes the reservation of what was taken for one effect. */
export const createReservation = (parts: readonly Part[], terms: ReservationParts): Reservation =>
  new TakenRoom(parts, terms);

/** Says which counter has no room. */
export function exhaustedOf(counter: Counter | undefined, retryAfterMs: number | undefined): Exhausted {
  if (counter === undefined) throw new TypeError('no room in a counter that nobody asked for');
  return { exhausted: counter.term, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** A class: one is made for each effect, and its methods are not. */
class TakenRoom implements Reservation {
  readonly costSource?: CostSource;
  readonly #parts: readonly Part[];
  readonly #terms: ReservationParts;
  readonly #ofBytes: readonly Counter[];
  #bytes = 0;
  /** What was taken for them, while it is little enough to be given back one by one. */
  readonly #inBytes: Part[] = [];
  #lacking: Exhausted | undefined;
  #reported: number | undefined;
  #over = false;

  constructor(parts: readonly Part[], terms: ReservationParts) {
    this.#parts = parts;
    this.#terms = terms;
    const ofBytes: Counter[] = [];
    for (const { counter } of parts) if (counter.term.kind === 'bytes') ofBytes.push(counter);
    this.#ofBytes = ofBytes;
    if (terms.source !== undefined) this.costSource = terms.source;
  }

  takeBytes(count: number): boolean {
    if (this.#over || !Number.isSafeInteger(count) || count < 0) return false;
    if (count === 0 || this.#ofBytes.length === 0) return true;
    const taken = this.#terms.room.take(this.#ofBytes.map((counter) => ({ counter, need: count })));
    if (isFull(taken)) {
      this.#lacking = exhaustedOf(this.#ofBytes[taken.full], taken.retryAfterMs);
      return false;
    }
    this.#bytes += count;
    if (this.#inBytes.length < MOST_GIVEN_BACK) this.#inBytes.push(...taken);
    return true;
  }

  lacking(): Exhausted | undefined {
    return this.#lacking;
  }

  reportCost(written: string): void {
    if (!this.#over) this.#reported ??= parseAmount(written);
  }

  settle({ performed }: { readonly performed: boolean }): { readonly [name: string]: Json } {
    if (this.#over) return {};
    this.#over = true;
    const { room, settled } = this.#terms;
    settled(this);
    const shown: Json[] = [];
    const corrections: Correction[] = [];
    const slots: number[] = [];
    const giveBack = ({ back, correction }: Omit<Use, 'shown'>): void => {
      // What was taken ahead is given back to what is still there of it, without asking the store.
      if (correction !== undefined && (back === undefined || !room.putBack(back))) corrections.push(correction);
    };
    for (const part of this.#parts) {
      const use = useOf(part, { performed, bytes: this.#bytes, reported: this.#reported });
      shown.push(use.shown);
      giveBack(use);
      if (part.slot !== undefined) slots.push(part.slot);
    }
    if (!performed && this.#inBytes.length < MOST_GIVEN_BACK) for (const part of this.#inBytes) giveBack(backOf(part));
    room.correct(corrections, slots);
    return { budgets: shown };
  }
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
