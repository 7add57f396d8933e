import { describe, expect, it } from 'vitest';
import { isFull, type Room, type WindowCounter } from '../../host/budget/budget-store.ts';
import { memoryFile, ownersWhere, storeOf, testMachine } from './memory.ts';

const counter = (limit: number, periodMs = 60_000, key = 'k'): WindowCounter => ({
  kind: 'window',
  key,
  limit,
  periodMs,
});
const one = (limit: number, periodMs?: number, key?: string) => ({
  counter: counter(limit, periodMs, key),
  need: 1,
  ahead: true,
});
const slots = (limit: number, key = 's') => ({ counter: { kind: 'slots', key, limit } as const });

describe('the store of budgets', () => {
  it('gives a small limit exactly, and says to the millisecond when there is room again', () => {
    const machine = testMachine();
    const store = storeOf(memoryFile(), machine);
    for (const at of [0, 1_000, 2_500]) {
      machine.realMs = 5_000 + at;
      expect(isFull(store.take([one(3)], 'r'))).toBe(false);
    }
    machine.realMs = 15_000;
    expect(store.take([one(3)], 'r')).toEqual({ full: 0, retryAfterMs: 50_000 });
    machine.realMs = 64_999;
    expect(isFull(store.take([one(3)], 'r'))).toBe(true);
    machine.realMs = 65_000;
    expect(isFull(store.take([one(3)], 'r'))).toBe(false);
    expect(store.take([one(3)], 'r')).toEqual({ full: 0, retryAfterMs: 1_000 });
  });

  it('takes from all counters or from none', () => {
    const store = storeOf(memoryFile(), testMachine());
    store.take([one(1, 60_000, 'b')], 'r');
    expect(isFull(store.take([one(5, 60_000, 'a'), one(1, 60_000, 'b')], 'r'))).toBe(true);
    for (let count = 0; count < 5; count += 1) expect(isFull(store.take([one(5, 60_000, 'a')], 'r'))).toBe(false);
    expect(isFull(store.take([one(5, 60_000, 'a')], 'r'))).toBe(true);
  });

  it('of several that are full names the one that has to wait longest', () => {
    const store = storeOf(memoryFile(), testMachine());
    store.take([one(1, 1_000, 'a'), one(1, 60_000, 'b'), one(1, 2_000, 'c')], 'r');
    const full = store.take([one(1, 1_000, 'a'), one(1, 60_000, 'b'), one(1, 2_000, 'c')], 'r');
    expect(full).toEqual({ full: 1, retryAfterMs: 60_000 });
  });

  it('names no time for what is larger than the limit', () => {
    const store = storeOf(memoryFile(), testMachine());
    expect(store.take([{ ...one(10), need: 11 }], 'r')).toEqual({ full: 0 });
  });

  it('lets a run take ahead a part of a large limit, and counts it as if it were used at the last moment', () => {
    const machine = testMachine();
    const store = storeOf(memoryFile(), machine);
    const start = store.take([one(6_400)], 'r') as readonly Extract<Room, { kind: 'window' }>[];
    const until = start[0]?.until ?? 0;
    expect(start).toEqual([{ kind: 'window', until, ahead: { until: until + 937.5, amount: 100, forMs: 937.5 } }]);
    machine.realMs += 60_000; // the one that was needed no longer counts, what was taken ahead still may
    expect(store.take([{ ...one(6_400), need: 6_400 }], 'r')).toEqual({ full: 0, retryAfterMs: 937.5 });
  });

  it('lets nobody take ahead where little is left: then every unit is counted', () => {
    const store = storeOf(memoryFile(), testMachine());
    store.take([{ ...one(6_400), need: 6_393, ahead: false }], 'r');
    for (let left = 7; left > 0; left -= 1) expect(store.take([one(6_400)], 'r')).not.toMatchObject([{ ahead: {} }]);
    expect(isFull(store.take([one(6_400)], 'r'))).toBe(true);
  });

  it('gives back no more than was taken, and not twice', () => {
    const store = storeOf(memoryFile(), testMachine());
    const [room] = store.take([{ ...one(10), need: 4 }], 'r') as readonly Extract<Room, { kind: 'window' }>[];
    const back = { until: room?.until ?? 0, amount: 1_000_000 };
    store.correct([{ counter: counter(10), back }], []);
    store.correct([{ counter: counter(10), back }], []);
    expect(isFull(store.take([{ ...one(10), need: 11 }], 'r'))).toBe(true);
    expect(isFull(store.take([{ ...one(10), need: 10 }], 'r'))).toBe(false);
    expect(isFull(store.take([one(10)], 'r'))).toBe(true);
  });

  it('charges what has happened although there was no room', () => {
    const machine = testMachine();
    const store = storeOf(memoryFile(), machine);
    store.take([{ ...one(10), need: 10 }], 'r');
    store.correct([{ counter: counter(10), charge: 25 }], []);
    machine.realMs += 59_999;
    expect(store.take([one(10)], 'r')).toEqual({ full: 0, retryAfterMs: expect.closeTo(1) as number });
  });

  it('overflows into full, never into room', () => {
    const store = storeOf(memoryFile(), testMachine());
    const huge = Number.MAX_SAFE_INTEGER;
    store.take([{ ...one(huge), need: huge, ahead: false }], 'r');
    store.correct([{ counter: counter(huge), charge: huge }], []);
    expect(isFull(store.take([one(huge)], 'r'))).toBe(true);
  });

  it('drops counters of which nothing counts any more', () => {
    const machine = testMachine();
    const file = memoryFile();
    const store = storeOf(file, machine);
    for (let key = 0; key < 5_000; key += 1) {
      machine.realMs += 10;
      store.take([one(3, 1_000, `resource-${key}`)], 'r');
    }
    expect(file.counters()).toBeLessThan(150);
  });

  it('holds a place until it is released, by its effect or with its run', () => {
    const store = storeOf(memoryFile(), testMachine());
    const [first] = store.take([slots(2)], 'run-a') as readonly Extract<Room, { kind: 'slot' }>[];
    store.take([slots(2)], 'run-b');
    expect(store.take([slots(2)], 'run-c')).toEqual({ full: 0 });
    store.correct([], [first?.id ?? 0]);
    expect(isFull(store.take([slots(2)], 'run-c'))).toBe(false);
    expect(isFull(store.take([slots(2)], 'run-c'))).toBe(true);
    store.releaseRun('run-b');
    expect(isFull(store.take([slots(2)], 'run-c'))).toBe(false);
  });

  it('takes a place from a process that is gone, and from no other', () => {
    const file = memoryFile();
    const machine = testMachine();
    storeOf(
      file,
      machine,
      ownersWhere(() => true, 77),
    ).take([slots(1)], 'a');
    const alive = storeOf(
      file,
      machine,
      ownersWhere(() => true, 78),
    );
    expect(isFull(alive.take([slots(1)], 'b'))).toBe(true);
    const later = storeOf(
      file,
      machine,
      ownersWhere(({ pid }) => pid !== 77, 78),
    );
    expect(isFull(later.take([slots(1)], 'b'))).toBe(false);
    expect(isFull(later.take([slots(1)], 'b'))).toBe(true);
  });
});
