import { sealInterface, type HostInterface } from '../contracts/guest-import.ts';
import { createSlots } from './slots.ts';

/** The most pollables that one `poll` may wait for. */
const MAX_POLLED = 1024;

/** The longest single sleep, so that no timer overflows its 32 bits; longer waits sleep again. */
const MAX_SLEEP_MS = 60_000;

/** What waiting needs. `nowNs` is the monotonic clock of the run. */
export interface PollOptions {
  readonly nowNs: () => bigint;
  readonly sleep: (ms: number) => Promise<void>;
  readonly trap: (message: string) => never;
}

/** Makes pollables for the other interfaces. */
export interface Poll {
  readonly interface: HostInterface;
  /** Ready at once: everything here is in memory. */
  readonly ready: () => object;
  /** Ready when the monotonic clock has reached `deadlineNs`. */
  readonly timer: (deadlineNs: bigint) => object;
}

/** `wasi:io/poll`. Only timers ever wait, so every wait ends. */
export function createPoll({ nowNs, sleep, trap }: PollOptions): Poll {
  const deadlines = createSlots<bigint>(trap);

  /** Sleeps until the first of the deadlines has passed. */
  async function waitFor(pending: readonly bigint[]): Promise<void> {
    const first = pending.reduce((least, deadline) => (deadline < least ? deadline : least));
    for (let rest = first - nowNs(); rest > 0n; rest = first - nowNs()) {
      // Rounded up: a timer that fires early would make the guest spin.
      const ms = (rest + 999_999n) / 1_000_000n;
      await sleep(ms > BigInt(MAX_SLEEP_MS) ? MAX_SLEEP_MS : Number(ms));
    }
  }

  class Pollable {
    ready(): boolean {
      return deadlines.of(this) <= nowNs();
    }
    async block(): Promise<void> {
      await waitFor([deadlines.of(this)]);
    }
    [Symbol.dispose](): void {
      deadlines.release(this);
    }
  }

  async function poll(pollables: readonly object[]): Promise<Uint32Array> {
    if (pollables.length === 0) trap('poll needs at least one pollable');
    if (pollables.length > MAX_POLLED) trap('poll was given too many pollables');
    const pending = pollables.map((pollable) => deadlines.of(pollable));
    await waitFor(pending);
    const now = nowNs();
    return Uint32Array.from(pending.flatMap((deadline, index) => (deadline <= now ? [index] : [])));
  }

  const timer = (deadlineNs: bigint): object => deadlines.hold(new Pollable(), deadlineNs);
  return Object.freeze({ interface: sealInterface({ Pollable, poll }), timer, ready: () => timer(0n) });
}
