import { describe, expect, it } from 'vitest';
import { createWasiRun, START_MS } from '../../wasi/run.ts';
import { createProgram, type Program } from './program.ts';

const CLOCK = { realtime: 0, monotonic: 1 } as const;

type Wish =
  | { readonly clock: number; readonly ns: bigint; readonly flags?: number }
  | { readonly read: number }
  | { readonly write: number }
  | { readonly type: number };

/** Subscriptions with 100, 101 … as their user data; gives errno and events. */
async function poll(program: Program, ...wishes: readonly Wish[]) {
  const [from, to, result] = [program.room(48 * wishes.length), program.room(32 * wishes.length), program.room(4)];
  const view = new DataView(program.memory.buffer);
  for (const [index, wish] of wishes.entries()) {
    const at = from + index * 48;
    view.setBigUint64(at, BigInt(100 + index), true);
    view.setUint8(at + 8, 'clock' in wish ? 0 : 'read' in wish ? 1 : 'write' in wish ? 2 : wish.type);
    if ('clock' in wish) {
      view.setUint32(at + 16, wish.clock, true);
      view.setBigUint64(at + 24, wish.ns, true);
      view.setUint16(at + 40, wish.flags ?? 0, true);
    } else if (!('type' in wish)) {
      view.setUint32(at + 16, 'read' in wish ? wish.read : wish.write, true);
    }
  }
  const errno = await program.later('poll_oneoff', from, to, wishes.length, result);
  const events = Array.from({ length: errno === 0 ? program.u32(result) : 0 }, (_, index) => {
    const at = to + index * 32;
    const [errnoOfEvent, type] = [view.getUint16(at + 8, true), view.getUint8(at + 10)];
    return [Number(program.u64(at)), errnoOfEvent, type] as const;
  });
  return { errno, events };
}

describe('poll_oneoff', () => {
  it('waits for the first clock', async () => {
    const run = createWasiRun();
    const program = createProgram({ imports: run.imports });
    const long = { clock: CLOCK.monotonic, ns: 5_000_000_000n };
    expect(await poll(program, long, { clock: CLOCK.realtime, ns: 20_000_000n })).toEqual({
      errno: 0,
      events: [[101, 0, 0]],
    });
    expect(run.slept).toEqual([20]);
  });

  it('takes instants of both clocks, past and future', async () => {
    const run = createWasiRun();
    const program = createProgram({ imports: run.imports });
    const wall = BigInt(START_MS) * 1_000_000n;
    const at = (clock: number, ns: bigint): Wish => ({ clock, ns, flags: 1 });
    expect((await poll(program, at(CLOCK.realtime, wall + 30_000_000n))).events).toEqual([[100, 0, 0]]);
    expect((await poll(program, at(CLOCK.monotonic, 40_000_000n))).events).toEqual([[100, 0, 0]]);
    expect((await poll(program, at(CLOCK.realtime, 5n))).events).toEqual([[100, 0, 0]]);
    expect(run.slept).toEqual([30, 10]);
  });

  it('finds the standard streams ready, and does not wait for a clock then', async () => {
    const run = createWasiRun();
    const program = createProgram({ imports: run.imports });
    const clock = { clock: CLOCK.monotonic, ns: 1_000_000_000n };
    expect(await poll(program, clock, { read: 0 }, { write: 1 }, { write: 2 })).toEqual({
      errno: 0,
      events: [
        [101, 0, 1],
        [102, 0, 2],
        [103, 0, 2],
      ],
    });
    expect(run.slept).toEqual([]);
  });

  it('reports what is wrong with one subscription as its event', async () => {
    const run = createWasiRun();
    const program = createProgram({ imports: run.imports });
    const clock = { clock: CLOCK.monotonic, ns: 1_000_000_000n };
    expect(
      await poll(program, clock, { read: 9 }, { write: 0 }, { type: 7 }, { clock: 2, ns: 1n }, { ...clock, flags: 2 }),
    ).toEqual({
      errno: 0,
      events: [
        [101, 8, 1],
        [102, 76, 2],
        [103, 28, 7],
        [104, 28, 0],
        [105, 28, 0],
      ],
    });
    expect(run.slept).toEqual([]);
  });

  it('wants one subscription at least, and not too many', async () => {
    const program = createProgram({ imports: createWasiRun().imports });
    expect(await program.later('poll_oneoff', 1024, 1024, 0, 8)).toBe(28);
    expect(await program.later('poll_oneoff', 1024, 1024, 1025, 8)).toBe(28);
    expect(await program.later('poll_oneoff', 1024, 1024, 0xffff_ffff, 8)).toBe(28);
  });

  it('lets go of everything that it waited for', async () => {
    const program = createProgram({ imports: createWasiRun().imports });
    // More than the host has room for at a time, if any were kept.
    for (let round = 0; round < 6; round++) {
      const result = await poll(program, ...Array.from({ length: 800 }, () => ({ write: 1 })));
      expect(result.events).toHaveLength(800);
    }
  });

  it('leaves a program asleep whose run has ended meanwhile', async () => {
    const sleeping = Promise.withResolvers<undefined>();
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, monotonicUs: () => nowMs * 1000 };
    const program = createProgram({ imports: createWasiRun({ clock, sleep: () => sleeping.promise }).imports });
    const waiting = poll(program, { clock: CLOCK.monotonic, ns: 1_000_000n });
    expect(() => program.calls.fault('the host stops it')).toThrow();
    nowMs = 1000;
    sleeping.resolve(undefined);
    expect(await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 50, 'asleep'))])).toBe('asleep');
  });
});
