import { isFull, type BudgetStore, type Claim, type Correction, type Full, type Room } from './budget-store.ts';
import type { Counter } from './counter.ts';
import type { Taken } from './window.ts';

/** Time as a run sees it, in milliseconds. */
export interface RunClock {
  /** Stands still while the machine sleeps. */
  monotonicMs(): number;
  wallMs(): number;
}

/** Room of one counter that was taken for one effect. */
export interface Part {
  readonly counter: Counter;
  /** Until when how much of it counts; nothing for `concurrency`. */
  readonly taken?: Taken;
  /** The place that is held; nothing for windows. */
  readonly slot?: number;
}

/** What an effect needs of one counter. */
export interface Need {
  readonly counter: Counter;
  readonly need: number;
}

/**
 * Room that a run has taken ahead from large budgets, so that not every effect asks the store. It may be used for a short
 * time, in which the store counts it as used.
 */
export interface RoomAhead {
  /** Takes room from all counters or from none. */
  take(needs: readonly Need[]): readonly Part[] | Full;
  /** Puts room back to where it came from. False where that is no longer there: then the store has to know. */
  putBack(part: Part & { readonly amount: number }): boolean;
  correct(corrections: readonly Correction[], slots: readonly number[]): void;
  /** Gives all of it back to the store. What is taken later is taken anew. */
  giveBack(): void;
}

interface Lease {
  readonly counter: Counter;
  readonly until: number;
  left: number;
  /** When it was taken and until when it may be used, on two clocks: one may stand still, the other may be put anywhere. */
  readonly fromMs: { readonly monotonic: number; readonly wall: number };
  readonly forMs: number;
}

export interface RoomAheadParts {
  readonly store: BudgetStore;
  readonly run: string;
  readonly clock: RunClock;
}

/** Counters of which a run holds room at the same time. */
const MOST_LEASES = 1024;

export function createRoomAhead({ store, run, clock }: RoomAheadParts): RoomAhead {
  const leases = new Map<string, Lease>();

  const now = (): Lease['fromMs'] => ({ monotonic: clock.monotonicMs(), wall: clock.wallMs() });

  function usable({ fromMs, forMs }: Lease, nowMs: Lease['fromMs']): boolean {
    const passed = nowMs.monotonic - fromMs.monotonic;
    const shown = nowMs.wall - fromMs.wall;
    return passed >= 0 && passed < forMs && shown >= 0 && shown < forMs;
  }

  /** The lease that has room for a need. One that was taken under another limit goes back with the next claim. */
  function leaseFor({ counter, need }: Need, nowMs: Lease['fromMs']): Lease | undefined {
    const lease = leases.get(counter.key);
    if (lease === undefined || lease.left < Math.max(need, 1)) return undefined;
    return lease.counter.term.limit === counter.term.limit && usable(lease, nowMs) ? lease : undefined;
  }

  function claimOf({ counter, need }: Need): Claim {
    const { window, slots, key } = counter;
    if (slots !== undefined) return { counter: slots };
    if (window === undefined) throw new TypeError('a counter of nothing');
    const old = leases.get(key);
    const unused = old === undefined || old.left === 0 ? {} : { unused: { until: old.until, amount: old.left } };
    return { counter: window, need, ahead: counter.term.kind !== 'cost', ...unused };
  }

  /** Keeps what was taken ahead. The one that has waited longest makes way. */
  function keep(counter: Counter, { ahead }: Extract<Room, { kind: 'window' }>, fromMs: Lease['fromMs']): void {
    leases.delete(counter.key);
    if (ahead === undefined) return;
    const { until, amount, forMs } = ahead;
    leases.set(counter.key, { counter, until, left: amount, fromMs, forMs });
    const [oldest] = leases.values();
    if (leases.size <= MOST_LEASES || oldest === undefined) return;
    leases.delete(oldest.counter.key);
    store.correct(correctionsOf([oldest]), []);
  }

  function partOf({ counter, need }: Need, room: Room | undefined, fromMs: Lease['fromMs']): Part {
    switch (room?.kind) {
      case 'window':
        keep(counter, room, fromMs);
        return { counter, taken: { until: room.until, amount: need } };
      case 'slot':
        return { counter, slot: room.id };
      case undefined:
        throw new TypeError('the store answered for fewer counters than it was asked about');
    }
  }

  return Object.freeze({
    take(needs: readonly Need[]): readonly Part[] | Full {
      // Before the store looks at its clock: what is taken ahead ends no later than the store thinks.
      const fromMs = now();
      const held: (Lease | undefined)[] = [];
      for (const need of needs) held.push(leaseFor(need, fromMs));
      if (!held.includes(undefined)) return needs.map((need, index) => spent(need, held[index]));
      const missing = needs.filter((_, index) => held[index] === undefined);
      const rooms = store.take(missing.map(claimOf), run);
      if (isFull(rooms)) {
        const need = missing[rooms.full];
        return need === undefined ? rooms : { ...rooms, full: needs.indexOf(need) };
      }
      // First what is there already: to keep more, the oldest of it may have to make way.
      const parts = needs.map((need, index) => (held[index] === undefined ? undefined : spent(need, held[index])));
      let next = 0;
      return needs.map((need, index) => parts[index] ?? partOf(need, rooms[next++], fromMs));
    },

    putBack({ counter, taken, amount }: Part & { readonly amount: number }): boolean {
      const lease = leases.get(counter.key);
      if (lease === undefined || lease.until !== taken?.until) return false;
      lease.left += amount;
      return true;
    },

    correct(corrections: readonly Correction[], slots: readonly number[]): void {
      if (corrections.length > 0 || slots.length > 0) store.correct(corrections, slots);
    },

    giveBack(): void {
      const rest = correctionsOf([...leases.values()]);
      leases.clear();
      if (rest.length > 0) store.correct(rest, []);
    },
  });
}

function spent({ counter, need }: Need, lease: Lease | undefined): Part {
  if (lease === undefined) throw new TypeError('room was taken from nowhere');
  lease.left -= need;
  return { counter, taken: { until: lease.until, amount: need } };
}

const correctionsOf = (leases: readonly Lease[]): readonly Correction[] =>
  leases.flatMap(({ counter: { window }, until, left }) =>
    window === undefined || left === 0 ? [] : [{ counter: window, back: { until, amount: left } }],
  );
