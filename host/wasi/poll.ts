import { sealInterface, type HostInterface } from '../contracts/guest-import.ts';
import type { Pending } from '../contracts/pending.ts';
import type { Readiness } from '../contracts/readiness.ts';
import { createSlots } from './slots.ts';

/** The most pollables that one `poll` may wait for. */
const MAX_POLLED = 1024;

/** The longest single sleep, so that no timer overflows its 32 bits; longer waits sleep again. */
const MAX_SLEEP_MS = 60_000;

/** What waiting needs. `nowNs` is the monotonic clock of the run. */
export interface PollOptions {
  readonly nowNs: () => bigint;
  /** The most pollables that are alive at one time. */
  readonly pollables: number;
  /** Resolves after `ms`, or when `signal` is given. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly trap: (message: string) => never;
}

/** Makes pollables for the other interfaces, and waits for them. */
export interface Poll {
  readonly interface: HostInterface;
  /** Ready at once: what is there does not wait. */
  readonly ready: () => object;
  /** Ready when the monotonic clock has reached `deadlineNs`. */
  readonly timer: (deadlineNs: bigint) => object;
  /** Ready when `readiness` is. */
  readonly on: (readiness: Readiness) => object;
  /** Waits for `readiness`; answers at once where there is nothing to wait for. */
  readonly until: (readiness: Readiness | undefined) => Pending<void>;
}

/** What a pollable stands for: a deadline of the run's clock, or something else that becomes ready. */
type Awaited = bigint | Readiness;

/** `wasi:io/poll`. */
export function createPoll({ nowNs, pollables: most, sleep, trap }: PollOptions): Poll {
  const pollables = createSlots<Awaited>(trap, { limit: 'pollables', most, noun: 'pollables' });
  const awaken = createAwakening();

  const isReady = (awaited: Awaited): boolean => (typeof awaited === 'bigint' ? awaited <= nowNs() : awaited.ready());

  async function waitFor(all: readonly Awaited[]): Promise<void> {
    const deadlines = all.filter((awaited) => typeof awaited === 'bigint');
    const others = all.filter((awaited) => typeof awaited !== 'bigint');
    const first = deadlines.reduce<bigint | undefined>(
      (least, deadline) => (least === undefined || deadline < least ? deadline : least),
      undefined,
    );
    do {
      const change = others.length === 0 ? undefined : awaken.next(others);
      if (first === undefined) await change?.come;
      else await sleepUntil(first, change);
    } while (!all.some(isReady));
  }

  /** Sleeps until the deadline, at most for the longest single sleep, or until the change comes. */
  async function sleepUntil(deadline: bigint, change: Change | undefined): Promise<void> {
    // Rounded up: a timer that fires early would make the guest spin.
    const ms = (deadline - nowNs() + 999_999n) / 1_000_000n;
    const length = ms > BigInt(MAX_SLEEP_MS) ? MAX_SLEEP_MS : Math.max(0, Number(ms));
    if (change === undefined) return sleep(length);
    const awake = new AbortController();
    try {
      await Promise.race([sleep(length, awake.signal), change.come]);
    } finally {
      awake.abort();
      change.leave();
    }
  }

  class Pollable {
    ready(): boolean {
      return isReady(pollables.of(this));
    }
    block(): Pending<void> {
      const awaited = pollables.of(this);
      return isReady(awaited) ? undefined : waitFor([awaited]);
    }
    [Symbol.dispose](): void {
      pollables.release(this);
    }
  }

  function poll(given: readonly object[]): Pending<Uint32Array> {
    if (given.length === 0) trap('poll needs at least one pollable');
    if (given.length > MAX_POLLED) trap('poll was given too many pollables');
    const all = given.map((pollable) => pollables.of(pollable));
    const ready = (): Uint32Array =>
      Uint32Array.from(all.flatMap((awaited, index) => (isReady(awaited) ? [index] : [])));
    return all.some(isReady) ? ready() : waitFor(all).then(ready);
  }

  const make = (awaited: Awaited): object => pollables.hold(new Pollable(), awaited);
  return Object.freeze({
    interface: sealInterface({ Pollable, poll }),
    timer: make,
    on: make,
    ready: () => make(0n),
    until: (readiness: Readiness | undefined) =>
      readiness === undefined || readiness.ready() ? undefined : waitFor([readiness]),
  });
}

/** The next time that something may have become ready. */
interface Change {
  readonly come: Promise<void>;
  /** Nobody waits for it any more. */
  leave(): void;
}

/**
 * Tells who waits that something has changed. Each thing is listened to once, however often and however long it is
 * waited for: a guest that polls a stream and a timer again and again leaves no listener behind.
 */
function createAwakening(): { next(others: readonly Readiness[]): Change } {
  const listening = new WeakSet<Readiness>();
  const waiting = new Set<() => void>();

  function listen(readiness: Readiness): void {
    if (listening.has(readiness)) return;
    listening.add(readiness);
    const changed = (): void => {
      listening.delete(readiness);
      for (const wake of waiting) wake();
      waiting.clear();
    };
    readiness.wait().then(changed, changed);
  }

  return {
    next(others) {
      let wake = (): void => undefined;
      const come = new Promise<void>((resolve) => (wake = resolve));
      waiting.add(wake);
      others.forEach(listen);
      return { come, leave: () => void waiting.delete(wake) };
    },
  };
}
