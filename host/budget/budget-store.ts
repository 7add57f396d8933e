import { budgetTime, type MachineClock } from './budget-time.ts';
import type { CounterFile, CounterRows, Owners } from './counter-file.ts';
import { current, sumOf, waitFor, withoutTaken, withTaken, type Taken, type Window } from './window.ts';

/** A counter of amounts in a window of time. */
export interface WindowCounter {
  readonly kind: 'window';
  readonly key: string;
  readonly limit: number;
  readonly periodMs: number;
}

/** A counter of what is under way. */
export interface SlotCounter {
  readonly kind: 'slots';
  readonly key: string;
  readonly limit: number;
}

/** Room that is asked for. */
export type Claim =
  | {
      readonly counter: WindowCounter;
      /** At least this much; of nothing, that there is room at all. */
      readonly need: number;
      /** Whether more may be taken ahead, where there is much. */
      readonly ahead: boolean;
      /** What was taken ahead before and is given back with this. */
      readonly unused?: Taken;
    }
  | { readonly counter: SlotCounter };

/** Room that was taken. */
export type Room =
  | {
      readonly kind: 'window';
      /** Until when what was needed counts. */
      readonly until: number;
      /** What was taken beyond it, if anything, and how long it may be used. */
      readonly ahead?: Taken & { readonly forMs: number };
    }
  | { readonly kind: 'slot'; readonly id: number };

/** The claim that there is no room for; of several, the one that has to wait longest. */
export interface Full {
  readonly full: number;
  /** The earliest time when there is room for all; nothing where there never is, or where it is not a matter of time. */
  readonly retryAfterMs?: number;
}

export const isFull = (answer: readonly unknown[] | Full): answer is Full => 'full' in answer;

/** A change of a counter after the fact. */
export interface Correction {
  readonly counter: WindowCounter;
  /** What is given back: at most what is there. */
  readonly back?: Taken;
  /** What is taken although there may be no room: it has happened. */
  readonly charge?: number;
}

/** Keeps counters for every run of every process that uses the same file. Everything in it throws where the file fails. */
export interface BudgetStore {
  /** Takes room for all claims or for none. */
  take(claims: readonly Claim[], run: string): readonly Room[] | Full;
  correct(corrections: readonly Correction[], slots: readonly number[]): void;
  /** Frees every place that a run holds: it is over. */
  releaseRun(run: string): void;
  close(): void;
}

export interface BudgetStoreParts {
  readonly file: CounterFile;
  readonly clock: MachineClock;
  readonly owners: Owners;
}

/** The largest part of a limit that one run may take ahead, and of what is left. */
const PART_OF_LIMIT = 64;
const PART_OF_LEFT = 8;
/** Less is not worth it: each unit of a small limit is counted when it is used. */
const LEAST_AHEAD = 16;
/** For how long, at the most: a part of the period, so that a window is no longer than it has to be. */
const PART_OF_PERIOD = 64;
const MOST_AHEAD_MS = 10_000;
/** Ended counters that make way for each new one. */
const DROPPED_FOR_ONE = 4;

/** Makes the store of a file. */
export function createBudgetStore({ file, clock, owners }: BudgetStoreParts): BudgetStore {
  function inTime<Value>(act: (rows: CounterRows, nowMs: number) => Value): Value {
    return file.change((rows) => {
      const { nowMs, stored, changed } = budgetTime(rows.time(), clock.now());
      if (changed) rows.setTime(stored);
      return act(rows, nowMs);
    });
  }

  function takeWindow(
    rows: CounterRows,
    nowMs: number,
    { counter, need, ahead, unused }: Extract<Claim, { need: number }>,
  ): Room | NoRoom {
    const { key, limit, periodMs } = counter;
    const found = rows.window(key);
    const counting = current(found, nowMs);
    const window = unused === undefined ? counting : withoutTaken(counting, unused, periodMs);
    const left = limit - sumOf(window);
    const least = Math.max(need, 1);
    if (left < least) return { kind: 'none', waitMs: waitFor(window, least, limit, nowMs) ?? Infinity };
    if (found.length === 0) rows.dropEnded(nowMs, DROPPED_FOR_ONE);
    const until = nowMs + periodMs;
    const needed = withTaken(window, { until, amount: need }, periodMs);
    const more = Math.floor(Math.min(limit / PART_OF_LIMIT, (left - need) / PART_OF_LEFT));
    if (!ahead || more < LEAST_AHEAD) {
      write(rows, counter, needed);
      return { kind: 'window', until };
    }
    const forMs = Math.min(periodMs / PART_OF_PERIOD, MOST_AHEAD_MS);
    // It counts as if all of it were used at the last moment.
    const taken = { until: until + forMs, amount: more };
    write(rows, counter, withTaken(needed, taken, periodMs));
    return { kind: 'window', until, ahead: { ...taken, forMs } };
  }

  function takeSlot(rows: CounterRows, { key, limit }: SlotCounter, run: string): Room | NoRoom {
    let held = rows.held(key);
    if (held.length >= limit) {
      for (const { id, owner } of held) if (!owners.isAlive(owner)) rows.release(id);
      held = rows.held(key);
    }
    if (held.length >= limit) return { kind: 'none', waitMs: undefined };
    return { kind: 'slot', id: rows.hold(key, run, owners.own) };
  }

  return Object.freeze({
    take(claims: readonly Claim[], run: string): readonly Room[] | Full {
      try {
        return inTime((rows, nowMs) => {
          const found = claims.map((claim) =>
            'need' in claim ? takeWindow(rows, nowMs, claim) : takeSlot(rows, claim.counter, run),
          );
          const rooms = found.filter((room) => room.kind !== 'none');
          if (rooms.length < found.length) throw new TransactionEnd(fullOf(found));
          return rooms;
        });
      } catch (error) {
        if (error instanceof TransactionEnd) return error.full;
        throw error;
      }
    },

    correct(corrections: readonly Correction[], slots: readonly number[]): void {
      if (corrections.length === 0 && slots.length === 0) return;
      inTime((rows, nowMs) => {
        for (const { counter, back, charge = 0 } of corrections) {
          const { key, periodMs } = counter;
          const counting = current(rows.window(key), nowMs);
          const less = back === undefined ? counting : withoutTaken(counting, back, periodMs);
          write(rows, counter, withTaken(less, { until: nowMs + periodMs, amount: charge }, periodMs));
        }
        for (const id of slots) rows.release(id);
      });
    },

    releaseRun: (run: string) => file.change((rows) => rows.releaseRun(run)),
    close: () => file.close(),
  });
}

interface NoRoom {
  readonly kind: 'none';
  /** Infinite where there never is room, nothing where it is not a matter of time. */
  readonly waitMs: number | undefined;
}

function fullOf(found: readonly (Room | NoRoom)[]): Full {
  const waits = found.map((room) => (room.kind === 'none' ? (room.waitMs ?? 0) : -1));
  const longest = Math.max(...waits);
  const full = waits.indexOf(longest);
  return longest > 0 && longest < Infinity ? { full, retryAfterMs: longest } : { full };
}

const write = (rows: CounterRows, { key }: WindowCounter, window: Window): void =>
  rows.setWindow(key, window, Math.max(...window.map(({ until }) => until), 0));

/** Ends a transaction that found no room, so that what it took is undone. */
class TransactionEnd extends Error {
  readonly full: Full;
  constructor(full: Full) {
    super('there is no room');
    this.full = full;
  }
}
