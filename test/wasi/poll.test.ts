import { describe, expect, it } from 'vitest';
import { RunStop } from '../../host/contracts/run-stop.ts';
import { START_MS, type WasiRun, call, createWasiRun, members, thrownBy } from './run.ts';

const clock = (run: WasiRun) => members(run, 'wasi:clocks/monotonic-clock');
const poll = (run: WasiRun, pollables: readonly unknown[]) =>
  call(members(run, 'wasi:io/poll'), 'poll', pollables) as Uint32Array | Promise<Uint32Array>;
const timer = (run: WasiRun, ms: number) => call(clock(run), 'subscribeDuration', BigInt(ms) * 1_000_000n);

describe('pollables', () => {
  it('end the run where more are alive than its limit says, and not where they are dropped again', () => {
    const run = createWasiRun({ pollables: 3 });
    for (let made = 0; made < 10; made += 1) call(timer(run, 1), Symbol.dispose);
    const stream = call(members(run, 'wasi:cli/stdin'), 'getStdin');
    const all = [timer(run, 1), timer(run, 1), call(stream, 'subscribe')];
    expect(thrownBy(() => timer(run, 1))).toMatchObject({ end: { kind: 'limit', limit: 'pollables' } });
    expect(thrownBy(() => call(stream, 'subscribe'))).toBeInstanceOf(RunStop);
    call(all[0], Symbol.dispose);
    timer(run, 1);
  });
});

describe('waiting', () => {
  it('sleeps as long as the guest asked, by the host, and the clocks move', async () => {
    const run = createWasiRun();
    await call(timer(run, 250), 'block');
    expect(run.slept).toEqual([250]);
    expect(call(clock(run), 'now')).toBe(250_000_000n);
    expect(call(members(run, 'wasi:clocks/wall-clock'), 'now')).toEqual({
      seconds: BigInt(Math.floor((START_MS + 250) / 1000)),
      nanoseconds: ((START_MS + 250) % 1000) * 1_000_000,
    });
  });

  it('ends with the first timer and names every one that is ready', async () => {
    const run = createWasiRun();
    const timers = [timer(run, 500), timer(run, 20), timer(run, 20)];
    expect([...(await poll(run, timers))]).toEqual([1, 2]);
    expect(run.slept).toEqual([20]);
    expect(timers.map((entry) => call(entry, 'ready') as boolean)).toEqual([false, true, true]);
  });

  it('answers at once, without a promise, where something is ready', () => {
    const run = createWasiRun();
    const stream = call(members(run, 'wasi:cli/stdin'), 'getStdin');
    expect(poll(run, [timer(run, 1000), call(stream, 'subscribe')])).toEqual(Uint32Array.of(1));
    expect(call(call(stream, 'subscribe'), 'block')).toBeUndefined();
    expect(run.slept).toEqual([]);
  });

  it('sleeps a very long time in parts that no timer overflows', async () => {
    const ends = new Error('the run ended');
    const slept: number[] = [];
    const run = createWasiRun({
      sleep: (ms) => {
        slept.push(ms);
        return slept.length < 3 ? Promise.resolve() : Promise.reject(ends);
      },
    });
    await expect(call(call(clock(run), 'subscribeDuration', 2n ** 64n - 1n), 'block')).rejects.toBe(ends);
    expect(Math.max(...slept)).toBeLessThan(2 ** 31);
  });

  it('for nothing at all is a trap, and the run is told so although the import has no error', () => {
    const run = createWasiRun();
    expect(thrownBy(() => poll(run, []))).toBeInstanceOf(RunStop);
    expect(run.ends).toEqual([{ kind: 'trap', message: 'poll needs at least one pollable' }]);
  });

  it('for too many at once is a trap', () => {
    const run = createWasiRun();
    const one = timer(run, 0);
    expect(thrownBy(() => poll(run, new Array(1025).fill(one)))).toBeInstanceOf(RunStop);
  });
});

describe('clocks', () => {
  it('count the time of the run from its start', () => {
    const run = createWasiRun();
    expect(call(clock(run), 'now')).toBe(0n);
    expect(call(clock(run), 'resolution')).toBe(1000n);
  });

  it('never go back, whatever the host clock does', () => {
    const readings = [1000, 900, 2000];
    const run = createWasiRun({ clock: { nowMs: () => 0, monotonicUs: () => readings.shift() ?? 2000 } });
    expect(call(clock(run), 'now')).toBe(0n);
    expect(call(clock(run), 'now')).toBe(0n);
    expect(call(clock(run), 'now')).toBe(1_000_000n);
  });
});
