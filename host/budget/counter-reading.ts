import { budgetTime, type MachineClock } from './budget-time.ts';
import type { Counter } from './counter.ts';
import type { CounterRows, Owners } from './counter-file.ts';
import { current, sumOf, waitFor } from './window.ts';

/** What of the file can be looked at. */
export interface CounterLook {
  /** One look at all of it as it is at one moment; of a file that is not there, nothing. Throws where it cannot be read. */
  read<Value>(act: (rows: Pick<CounterRows, 'time' | 'window' | 'held'>) => Value): Value | undefined;
}

/** How one counter stands. */
export interface CounterState {
  /** What counts now, in units of its term; what runs have taken ahead is a part of it. */
  readonly used: number;
  readonly left: number;
  /** In how many milliseconds there is room for what was asked about; 0: now. Nothing where waiting does not help. */
  readonly roomInMs?: number;
  /** In how many milliseconds nothing counts any more that counts now. Nothing for places. */
  readonly clearInMs?: number;
}

/** A counter, and how much of it somebody would need. */
export interface Asked {
  readonly counter: Counter;
  readonly need: number;
}

export interface CounterReadingParts {
  readonly look: CounterLook;
  readonly clock: MachineClock;
  readonly owners: Owners;
}

/** Reads counters as they stand. Nothing is taken, nothing written. */
export type CounterReading = (asked: readonly Asked[]) => readonly CounterState[];

export const createCounterReading =
  ({ look, clock, owners }: CounterReadingParts): CounterReading =>
  (asked) =>
    look.read((rows) => {
      const { nowMs } = budgetTime(rows.time(), clock.now());
      return asked.map((one) => stateOf(one, rows, nowMs, owners));
    }) ?? asked.map(({ counter, need }) => untouched(counter.term.limit, need, counter.window !== undefined));

function stateOf(
  { counter: { key, term, window }, need }: Asked,
  rows: Pick<CounterRows, 'window' | 'held'>,
  nowMs: number,
  owners: Owners,
): CounterState {
  const { limit } = term;
  if (window === undefined) {
    const used = rows.held(key).filter(({ owner }) => owners.isAlive(owner)).length;
    return { used, left: Math.max(0, limit - used), ...(used < limit ? { roomInMs: 0 } : {}) };
  }
  const counting = current(rows.window(key), nowMs);
  const used = sumOf(counting);
  if (used === 0) return untouched(limit, need, true);
  const roomInMs = waitFor(counting, Math.max(need, 1), limit, nowMs);
  return {
    used,
    left: Math.max(0, limit - used),
    ...(roomInMs === undefined ? {} : { roomInMs: Math.ceil(roomInMs) }),
    clearInMs: Math.ceil(Math.max(...counting.map(({ until }) => until)) - nowMs),
  };
}

/** A counter that nobody has taken anything from. */
const untouched = (limit: number, need: number, inTime: boolean): CounterState => ({
  used: 0,
  left: limit,
  ...(need <= limit ? { roomInMs: 0 } : {}),
  ...(inTime ? { clearInMs: 0 } : {}),
});
