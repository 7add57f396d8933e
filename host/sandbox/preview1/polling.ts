import type { Pending } from '../../contracts/pending.ts';
import type { Adapter, Functions } from './adapter.ts';
import { CLOCK } from './clocks.ts';
import { ERRNO, fail, Failure, type ErrnoName } from './errno.ts';
import { nanoseconds } from './file-status.ts';
import { demand } from './opened.ts';
import { RIGHT } from './rights.ts';
import type { Pollable } from './wasi-types.ts';

const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
/** The most subscriptions of one call: as many as descriptors. */
const MOST_SUBSCRIPTIONS = 1024;

const EVENT = { clock: 0, read: 1, write: 2 } as const;
const ABSOLUTE = 1;
const HANGUP = 1;

/** What a descriptor has to say at once. */
interface Readiness {
  readonly errno: ErrnoName;
  readonly bytes: bigint;
  readonly hangup: boolean;
}

interface Subscription {
  readonly userdata: bigint;
  readonly type: number;
  /** What it waits for, or that it does not wait. */
  readonly awaits: Pollable | Readiness;
}

const READY: Readiness = { errno: 'success', bytes: 1n, hangup: false };

const readyNow = (pollable: Pollable): Readiness | undefined => (pollable.ready() ? READY : undefined);

const isPollable = (awaits: Subscription['awaits']): awaits is Pollable => 'ready' in awaits;

/** `poll_oneoff`: an error of one subscription is an event of its own. */
export function createPolling({ view, wasi, table, drop }: Adapter): Functions {
  function clock(at: number): Pollable {
    const [id, timeout, flags] = [view.u32(at + 16), view.u64(at + 24), view.u16(at + 40)];
    if ((flags & ~ABSOLUTE) !== 0) return fail('inval');
    const isAbsolute = flags === ABSOLUTE;
    if (id !== CLOCK.realtime && id !== CLOCK.monotonic) return fail('inval');
    if (!isAbsolute) return wasi('wasi:clocks/monotonic-clock#subscribe-duration', timeout);
    if (id === CLOCK.monotonic) return wasi('wasi:clocks/monotonic-clock#subscribe-instant', timeout);
    const now = nanoseconds(wasi('wasi:clocks/wall-clock#now'));
    return wasi('wasi:clocks/monotonic-clock#subscribe-duration', timeout > now ? timeout - now : 0n);
  }

  async function readable(fd: number): Promise<Pollable | Readiness> {
    const opened = table.get(fd);
    demand(opened, RIGHT.pollFdReadwrite | RIGHT.fdRead);
    if (opened.kind === 'input') return opened.stream().subscribe();
    if (opened.kind !== 'file') return fail('badf');
    const { size } = await opened.descriptor.stat();
    const bytes = size > opened.position ? size - opened.position : 0n;
    return { errno: 'success', bytes, hangup: bytes === 0n };
  }

  function writable(fd: number): Pollable | Readiness {
    const opened = table.get(fd);
    demand(opened, RIGHT.pollFdReadwrite | RIGHT.fdWrite);
    if (opened.kind === 'output') return opened.stream().subscribe();
    return opened.kind === 'file' ? READY : fail('badf');
  }

  function awaited(at: number, type: number): Pending<Pollable | Readiness> {
    switch (type) {
      case EVENT.clock:
        return clock(at);
      case EVENT.read:
        return readable(view.u32(at + 16));
      case EVENT.write:
        return writable(view.u32(at + 16));
      default:
        return fail('inval');
    }
  }

  async function subscribe(at: number): Promise<Subscription> {
    const [userdata, type] = [view.u64(at), view.u8(at + 8)];
    try {
      return { userdata, type, awaits: await awaited(at, type) };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { userdata, type, awaits: { errno: error.errno, bytes: 0n, hangup: false } };
    }
  }

  /** Waits if nothing is there yet. */
  async function readyOf(subscriptions: readonly Subscription[]): Promise<readonly (Readiness | undefined)[]> {
    const pollables = subscriptions.map(({ awaits }) => awaits).filter(isPollable);
    if (pollables.length < subscriptions.length) {
      return subscriptions.map(({ awaits }) => (isPollable(awaits) ? readyNow(awaits) : awaits));
    }
    const first = new Set(await wasi('wasi:io/poll#poll', pollables));
    return pollables.map((_, index) => (first.has(index) ? READY : undefined));
  }

  function writeEvent(at: number, { userdata, type }: Subscription, ready: Readiness): void {
    view.setU64(at, userdata);
    view.setU16(at + 8, ERRNO[ready.errno]);
    view.setU16(at + 10, type); // a byte and its padding
    view.setU32(at + 12, 0);
    view.setU64(at + 16, type === EVENT.clock ? 0n : ready.bytes);
    view.setU64(at + 24, ready.hangup ? BigInt(HANGUP) : 0n);
  }

  return {
    async poll_oneoff(given) {
      const [from, to, count] = [given.u32(0), given.u32(1), given.u32(2)];
      if (count === 0 || count > MOST_SUBSCRIPTIONS) return fail('inval');
      const result = view.place(given.u32(3), 4, 4);
      view.place(from, count * SUBSCRIPTION_BYTES, 8);
      view.place(to, count * EVENT_BYTES, 8);
      given.charge(count * SUBSCRIPTION_BYTES);
      const subscriptions: Subscription[] = [];
      try {
        for (let index = 0; index < count; index++)
          subscriptions.push(await subscribe(from + index * SUBSCRIPTION_BYTES));
        const ready = await readyOf(subscriptions);
        let events = 0;
        for (const [index, subscription] of subscriptions.entries()) {
          const own = ready[index];
          if (own !== undefined) writeEvent(to + events++ * EVENT_BYTES, subscription, own);
        }
        view.setU32(result, events);
      } finally {
        for (const { awaits } of subscriptions) if (isPollable(awaits)) drop(awaits);
      }
    },
  };
}
