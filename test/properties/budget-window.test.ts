import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isExhausted, type Reservation, type RunBudgets } from '../../host/contracts/budget.ts';
import type { BudgetTerm } from '../../host/contracts/decision.ts';
import { budgetsOf, memoryFile, testMachine } from '../budget/memory.ts';

const PERIOD = 10_000;

type Step =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'sleep'; readonly ms: number }
  | { readonly kind: 'put'; readonly ms: number }
  | { readonly kind: 'ask'; readonly run: number; readonly bytes: number; readonly settle: 'used' | 'unused' | 'never' }
  | { readonly kind: 'end' | 'kill'; readonly run: number }
  | { readonly kind: 'reboot'; readonly offMs: number; readonly backMs: number };

const run = fc.integer({ min: 0, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      run,
      bytes: fc.integer({ min: 0, max: 4_000 }),
      settle: fc.constantFrom('used' as const, 'used' as const, 'unused' as const, 'never' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 12_000 })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('sleep' as const), ms: fc.integer({ min: 200, max: 20_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('put' as const), ms: fc.integer({ min: -1e9, max: 1e9 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('end' as const, 'kill' as const), run }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('reboot' as const),
      offMs: fc.integer({ min: 0, max: 20_000 }),
      backMs: fc.integer({ min: 0, max: 1e9 }),
    }),
  },
);

interface Moved {
  readonly atMs: number;
  readonly amount: number;
}

/** The most in any window: one that begins with each of them. */
const fullest = (moved: readonly Moved[]): number =>
  Math.max(
    0,
    ...moved.map(({ atMs }) =>
      moved.reduce((sum, other) => (other.atMs >= atMs && other.atMs < atMs + PERIOD ? sum + other.amount : sum), 0),
    ),
  );

/** Goes through steps, and notes in real time what was admitted and not given back. */
function play(steps: readonly Step[], calls: number, bytes: number): { calls: Moved[]; bytes: Moved[] } {
  const [file, machine] = [memoryFile(), testMachine()];
  const terms: readonly BudgetTerm[] = [
    { kind: 'rate', rule: 'p', limit: calls, periodMs: PERIOD, scope: 'agent' },
    { kind: 'bytes', rule: 'p', limit: bytes, periodMs: PERIOD, scope: 'agent' },
  ];
  const runs = new Map<number, RunBudgets>();
  const runOf = (number: number): RunBudgets => {
    const found = runs.get(number) ?? budgetsOf(file, machine, { run: String(number) });
    runs.set(number, found);
    return found;
  };
  const moved: { calls: Moved[]; bytes: Moved[] } = { calls: [], bytes: [] };
  const request = {
    terms,
    principal: { agent: 'agent:a', roles: [], component: 'sha256:00' },
    action: 'fs:read',
    resource: '/a',
  };

  function ask({ run: number, bytes: size, settle }: Extract<Step, { kind: 'ask' }>): void {
    const answer = runOf(number).reserve(request);
    if (isExhausted(answer)) return;
    const reservation: Reservation = answer;
    const took = reservation.takeBytes(size);
    const used = settle !== 'unused';
    if (took && used) moved.bytes.push({ atMs: machine.realMs, amount: size });
    if (used) moved.calls.push({ atMs: machine.realMs, amount: 1 });
    if (settle !== 'never') reservation.settle({ performed: settle === 'used' });
  }

  let lowestSkew = 0;
  let booting = false;
  for (const one of steps) {
    switch (one.kind) {
      case 'wait':
        machine.realMs += one.ms;
        break;
      case 'sleep':
        machine.realMs += one.ms;
        machine.asleepMs += one.ms;
        break;
      case 'put':
        // Between the last call before a reboot and the first one behind it, nothing tells it from time that went by.
        if (booting && one.ms > 0) break;
        machine.wallSkewMs += one.ms;
        lowestSkew = Math.min(lowestSkew, machine.wallSkewMs);
        break;
      case 'ask':
        booting = false;
        ask(one);
        break;
      case 'end':
        runs.get(one.run)?.close();
        runs.delete(one.run);
        break;
      case 'kill':
        runs.delete(one.run);
        break;
      case 'reboot':
        // Every process is gone. A clock that was put forward while it was off is the one thing that gains time.
        booting = true;
        runs.clear();
        machine.realMs += one.offMs;
        machine.bootedAtMs = machine.realMs;
        machine.asleepMs = 0;
        machine.wallSkewMs = lowestSkew = Math.min(lowestSkew, machine.wallSkewMs) - one.backMs;
        machine.boot += "'";
    }
  }
  return moved;
}

describe('a budget', () => {
  it.each([
    [1, 1_000],
    [3, 5_000],
    [50, 20_000],
    [200, 100_000],
    [5_000, 1_000_000],
  ])('of %i calls and %i bytes is not exceeded in any window', (calls, bytes) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const moved = play(steps, calls, bytes);
        expect(fullest(moved.calls)).toBeLessThanOrEqual(calls);
        expect(fullest(moved.bytes)).toBeLessThanOrEqual(bytes);
      }),
      { numRuns: 120 },
    );
  });

  it('that is small admits exactly what a list of all calls would', () => {
    const asks = fc.array(fc.integer({ min: 0, max: 6_000 }), { maxLength: 80 });
    fc.assert(
      fc.property(asks, fc.integer({ min: 1, max: 6 }), (waits, limit) => {
        const steps = waits.flatMap((ms): Step[] => [
          { kind: 'wait', ms },
          { kind: 'ask', run: ms % 3, bytes: 0, settle: 'used' },
        ]);
        const expected: number[] = [];
        let atMs = 5_000;
        for (const ms of waits) {
          atMs += ms;
          if (expected.filter((earlier) => earlier > atMs - PERIOD).length < limit) expected.push(atMs);
        }
        expect(play(steps, limit, 1_000).calls.map(({ atMs: at }) => at)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});
