import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createFixedClock } from '../../host/wasi/fixed-clock.ts';
import { createSeededRandom } from '../../host/wasi/seeded-random.ts';
import { createRunClock } from '../../host/wasi/clocks.ts';
import { call, createWasiRun, members } from './run.ts';

const START_MS = Date.UTC(2026, 0, 2);

describe('a clock that starts at a moment', () => {
  it('depends on who looks at it alone: a look takes 100 us, a wait what was asked for', async () => {
    const { clock, sleep } = createFixedClock(START_MS, () => Promise.resolve());
    expect([clock.nowMs(), clock.nowMs(), clock.monotonicUs()]).toEqual([START_MS, START_MS + 0.1, 200]);
    await sleep(1500);
    expect(clock.nowMs()).toBe(START_MS + 1500.3);
  });

  it('does wait, and does not go on where something else came first', async () => {
    const slept: number[] = [];
    const { clock, sleep } = createFixedClock(START_MS, (ms) => Promise.resolve(void slept.push(ms)));
    await sleep(60_000, AbortSignal.abort());
    expect([slept, clock.nowMs()]).toEqual([[60_000], START_MS]);
  });

  it('lets a program that waits by looking at it come to an end, and one that polls', async () => {
    const fixed = createFixedClock(START_MS, () => Promise.resolve());
    const run = createWasiRun({ ...fixed });
    const monotonic = members(run, 'wasi:clocks/monotonic-clock');
    let looks = 0;
    while ((call(monotonic, 'now') as bigint) < 10_000_000n) looks += 1;
    expect(looks).toBe(100);
    const before = call(monotonic, 'now') as bigint;
    const pollable = call(monotonic, 'subscribeDuration', 3_600_000_000_000n);
    await call(pollable, 'block');
    expect(call(monotonic, 'now') as bigint).toBeGreaterThanOrEqual(before + 3_600_000_000_000n);
    expect(call(members(run, 'wasi:clocks/wall-clock'), 'now')).toMatchObject({
      seconds: BigInt(START_MS / 1000 + 3600),
    });
  });
});

describe('the clock of a run', () => {
  it('begins when it is first asked: what its cell waited before is no time of the run', () => {
    let us = 5_000_000;
    const now = createRunClock({ nowMs: () => 0, monotonicUs: () => us });
    us += 60_000_000;
    expect(now()).toBe(0n);
    us += 7;
    expect(now()).toBe(7000n);
  });
});

describe('bytes that follow from a seed', () => {
  const hex = (seed: string, ...lengths: readonly number[]): string => {
    const random = createSeededRandom(Buffer.from(seed, 'hex'));
    return lengths.map((length) => Buffer.from(random.bytes(length)).toString('hex')).join('');
  };

  it('are the same however they are taken', () => {
    expect(hex('00', 100)).toBe(hex('00', 1, 31, 0, 33, 35));
  });

  it('are those of other seeds for no seed, a longer one included', () => {
    const streams = ['00', '0000', '01', 'ff'].map((seed) => hex(seed, 64));
    expect(new Set(streams).size).toBe(4);
  });

  it('are SHA-256 of name, counter and seed, so that others can make them', () => {
    const block = (counter: string): string =>
      hash('sha256', Buffer.concat([Buffer.from('sallyport wasi:random\0'), Buffer.from(`${counter}0102`, 'hex')]));
    expect(hex('0102', 40)).toBe(block('0000000000000000') + block('0100000000000000').slice(0, 16));
  });
});
