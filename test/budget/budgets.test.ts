import { describe, expect, it } from 'vitest';
import {
  isExhausted,
  type BudgetRequest,
  type Exhausted,
  type Reservation,
  type RunBudgets,
} from '../../host/contracts/budget.ts';
import type { BudgetTerm } from '../../host/contracts/decision.ts';
import { budgetsOf, memoryFile, testMachine } from './memory.ts';

const term = (kind: BudgetTerm['kind'], limit: number, more: Partial<BudgetTerm> = {}): BudgetTerm => ({
  ...{ kind, rule: 'p-1', limit, scope: 'agent' },
  ...(kind === 'concurrency' ? {} : { periodMs: 60_000 }),
  ...more,
});
const request = (terms: readonly BudgetTerm[], more: Partial<BudgetRequest> = {}): BudgetRequest => ({
  terms,
  principal: { agent: 'agent:a', roles: ['role:any'], component: 'sha256:00' },
  action: 'http:GET',
  resource: 'https://example.com/a',
  ...more,
});
const as = (agent: string, onBehalfOf?: string): Partial<BudgetRequest> => ({
  principal: { agent, roles: [], component: 'sha256:00', ...(onBehalfOf === undefined ? {} : { onBehalfOf }) },
});

function taken(answer: Reservation | Exhausted): Reservation {
  if (isExhausted(answer)) throw new Error(`no room: ${JSON.stringify(answer)}`);
  return answer;
}
const admitted = (budgets: RunBudgets, asked: BudgetRequest, most = 50): number => {
  let count = 0;
  while (count < most && !isExhausted(budgets.reserve(asked))) count += 1;
  return count;
};

describe('budgets', () => {
  it('admit as many as the limit and no more, whoever of several runs asks', () => {
    const [file, machine] = [memoryFile(), testMachine()];
    const runs = ['1', '2', '3'].map((run) => budgetsOf(file, machine, { run }));
    const asked = request([term('rate', 7)]);
    const all = Array.from({ length: 30 }, (_, index) => runs[index % 3]?.reserve(asked));
    expect(all.filter((answer) => answer !== undefined && !isExhausted(answer))).toHaveLength(7);
  });

  it('count for each agent, for each resource, for each person or for all of a role, as the rule says', () => {
    const count = (scope: BudgetTerm['scope'], requests: readonly Partial<BudgetRequest>[]): readonly number[] => {
      const file = memoryFile();
      // A run has one principal: names of counters are remembered for it.
      return requests.map((more) =>
        admitted(budgetsOf(file, testMachine()), request([term('rate', 2, { scope })], more)),
      );
    };
    expect(count('agent', [as('agent:a'), as('agent:b'), as('agent:a')])).toEqual([2, 2, 0]);
    expect(count('role', [as('agent:a'), as('agent:b')])).toEqual([2, 0]);
    expect(count('user', [as('agent:a', 'user:ada'), as('agent:b', 'user:ada'), as('agent:b', 'user:bob')])).toEqual([
      2, 0, 2,
    ]);
    expect(count('resource', [{ resource: 'a' }, { resource: 'b' }, { resource: 'a' }])).toEqual([2, 2, 0]);
    expect(count('resource', [as('agent:a'), as('agent:b')])).toEqual([2, 2]);
  });

  it('give nothing where they count for a person and there is none', () => {
    const asked = request([term('rate', 2, { scope: 'user' })]);
    expect(budgetsOf(memoryFile(), testMachine()).reserve(asked)).toMatchObject({ because: 'no-user' });
  });

  it('count a caller for itself', () => {
    const file = memoryFile();
    const own = term('rate', 2);
    const callers = term('rate', 2, { owner: { agent: 'agent:caller' } });
    expect(admitted(budgetsOf(file, testMachine()), request([own, callers]))).toBe(2);
    const caller = budgetsOf(file, testMachine()).reserve(request([own], as('agent:caller')));
    expect(caller).toMatchObject({ exhausted: { rule: 'p-1' } });
  });

  it('count once where two terms are the same counter', () => {
    const both = [term('rate', 2, { scope: 'role' }), term('rate', 2, { scope: 'role', owner: { agent: 'agent:b' } })];
    expect(admitted(budgetsOf(memoryFile(), testMachine()), request(both))).toBe(2);
  });

  it('of two rows that differ in their limits alone keep the lower, in whichever order', () => {
    const limits = [term('rate', 5, { rule: 'p-1', counter: 'c-1' }), term('rate', 2, { rule: 'p-2', counter: 'c-1' })];
    for (const both of [limits, limits.toReversed()])
      expect(admitted(budgetsOf(memoryFile(), testMachine()), request(both))).toBe(2);
  });

  it('keep what was used where a limit changes, and forget nothing where it changes back', () => {
    const budgets = budgetsOf(memoryFile(), testMachine());
    const under = (limit: number, rule: string): number =>
      admitted(budgets, request([term('rate', limit, { rule, counter: 'c-1' })]));
    expect([under(3, 'p-1'), under(5, 'p-2'), under(4, 'p-3'), under(6, 'p-4'), under(3, 'p-1')]).toEqual([
      3, 2, 0, 1, 0,
    ]);
  });

  it('use nothing under a limit that was taken ahead under another', () => {
    const budgets = budgetsOf(memoryFile(), testMachine());
    const large = request([term('rate', 1_000_000, { counter: 'c-1' })]);
    taken(budgets.reserve(large)).settle({ performed: true });
    const small = request([term('rate', 3, { counter: 'c-1' })]);
    // One was used. What was taken ahead beyond it goes back with the next claim, and is not used in its place.
    expect(admitted(budgets, small)).toBe(2);
    budgets.policyChanged();
    expect(admitted(budgets, small)).toBe(0);
  });

  it('give back what was taken ahead when the policy changes: to others, and once', () => {
    const [file, machine] = [memoryFile(), testMachine()];
    const budgets = budgetsOf(file, machine, { run: 'one' });
    const asked = (limit: number): BudgetRequest => request([term('bytes', limit, { counter: 'c-1' })]);
    const open = taken(budgets.reserve(asked(1_000_000)));
    expect(open.takeBytes(100)).toBe(true);
    budgets.policyChanged();
    budgets.policyChanged();
    const other = taken(budgetsOf(file, machine, { run: 'two' }).reserve(asked(1_000)));
    expect([other.takeBytes(901), other.takeBytes(900), other.takeBytes(1)]).toEqual([false, true, false]);
    // What moves after the change is counted as well.
    expect(open.takeBytes(1)).toBe(true);
    open.settle({ performed: true });
  });

  it('take bytes before they move, and stop at the limit', () => {
    const budgets = budgetsOf(memoryFile(), testMachine());
    const reservation = taken(budgets.reserve(request([term('bytes', 1_000)])));
    expect(reservation.takeBytes(600)).toBe(true);
    expect(reservation.takeBytes(401)).toBe(false);
    expect(reservation.lacking()).toMatchObject({ exhausted: { kind: 'bytes' }, retryAfterMs: 60_000 });
    expect(reservation.takeBytes(400)).toBe(true);
    expect(reservation.settle({ performed: true })).toEqual({
      budgets: [{ kind: 'bytes', rule: 'p-1', taken: 1_000 }],
    });
    expect(budgets.reserve(request([term('bytes', 1_000)]))).toMatchObject({ retryAfterMs: 60_000 });
  });

  it.each([-1, 1.5, Number.NaN, Infinity, 2 ** 53, -(2 ** 60)])('refuse %d bytes and take nothing', (bytes) => {
    const reservation = taken(budgetsOf(memoryFile(), testMachine()).reserve(request([term('bytes', 1_000)])));
    expect(reservation.takeBytes(bytes)).toBe(false);
    expect(reservation.takeBytes(1_000)).toBe(true);
  });

  it('take no bytes once an effect is settled', () => {
    const reservation = taken(budgetsOf(memoryFile(), testMachine()).reserve(request([term('bytes', 1_000)])));
    reservation.settle({ performed: true });
    expect(reservation.takeBytes(1)).toBe(false);
  });

  it('give back what nobody used, once', () => {
    const budgets = budgetsOf(memoryFile(), testMachine());
    const asked = request([term('rate', 2)]);
    const first = taken(budgets.reserve(asked));
    taken(budgets.reserve(asked));
    expect(first.settle({ performed: false })).toEqual({
      budgets: [{ kind: 'rate', rule: 'p-1', taken: 1, returned: 1 }],
    });
    expect(first.settle({ performed: false })).toEqual({});
    expect(admitted(budgets, asked)).toBe(1);
  });

  it('give back the bytes of what was not done, and keep those of what was', () => {
    const budgets = budgetsOf(memoryFile(), testMachine());
    const asked = request([term('rate', 2), term('bytes', 10)]);
    const [undone, done] = [taken(budgets.reserve(asked)), taken(budgets.reserve(asked))];
    undone.takeBytes(6);
    expect(undone.settle({ performed: false })).toMatchObject({
      budgets: [{ returned: 1 }, { kind: 'bytes', taken: 6, returned: 6 }],
    });
    expect(done.takeBytes(10)).toBe(true);
    done.settle({ performed: true });
    expect(budgets.reserve(asked)).toMatchObject({ exhausted: { kind: 'bytes' } });
  });

  it('hold a place from reserving to settling', () => {
    const file = memoryFile();
    const budgets = budgetsOf(file, testMachine());
    const asked = request([term('concurrency', 2)]);
    const held = [taken(budgets.reserve(asked)), taken(budgets.reserve(asked))];
    expect(budgets.reserve(asked)).toEqual({ exhausted: asked.terms[0] });
    held[0]?.settle({ performed: true });
    held[0]?.settle({ performed: true });
    expect(admitted(budgets, asked)).toBe(1);
    budgets.close();
    expect(file.slots()).toBe(0);
  });

  const cost = term('cost', 1_000_000, { currency: 'EUR' });
  const priced = (amount: number) => ({
    priceOf: () => ({ amount, source: { kind: 'header', name: 'x-cost' } as const }),
  });

  it('take the whole price before, and give back what the effect did not cost', () => {
    const budgets = budgetsOf(memoryFile(), testMachine(), priced(600_000));
    const first = taken(budgets.reserve(request([cost])));
    expect(budgets.reserve(request([cost]))).toMatchObject({ exhausted: { kind: 'cost' } });
    expect(first.costSource).toEqual({ kind: 'header', name: 'x-cost' });
    first.reportCost('0.10');
    expect(first.settle({ performed: true })).toEqual({
      budgets: [{ kind: 'cost', rule: 'p-1', taken: 600_000, returned: 500_000, reported: 100_000 }],
    });
    taken(budgets.reserve(request([cost])));
  });

  it('charge a report above the price, and find less room later', () => {
    const machine = testMachine();
    const budgets = budgetsOf(memoryFile(), machine, priced(10_000));
    const first = taken(budgets.reserve(request([cost])));
    first.reportCost('7.5');
    expect(first.settle({ performed: true })).toEqual({
      budgets: [{ kind: 'cost', rule: 'p-1', taken: 10_000, charged: 7_490_000, reported: 7_500_000 }],
    });
    expect(budgets.reserve(request([cost]))).toMatchObject({ retryAfterMs: 60_000 });
  });

  it.each(['-1', '1e9', '0x10', ' 1', '1,5', 'NaN', '', '99999999999999999999', '1.2.3'])(
    'hold a report of `%s` for no report: the price stays',
    (written) => {
      const budgets = budgetsOf(memoryFile(), testMachine(), priced(600_000));
      const first = taken(budgets.reserve(request([cost])));
      first.reportCost(written);
      first.settle({ performed: true });
      expect(isExhausted(budgets.reserve(request([cost])))).toBe(true);
    },
  );

  it('give nothing where nobody said what it costs', () => {
    expect(budgetsOf(memoryFile(), testMachine()).reserve(request([cost]))).toMatchObject({ because: 'no-price' });
  });

  it('throw where the store cannot be written, and count nothing of it later', () => {
    const file = memoryFile();
    const budgets = budgetsOf(file, testMachine());
    file.broken = true;
    expect(() => budgets.reserve(request([term('rate', 1)]))).toThrow('disk I/O error');
    file.broken = false;
    expect(admitted(budgets, request([term('rate', 1)]))).toBe(1);
  });

  it('ask the store rarely where the limit is large, and give back what they took ahead', () => {
    const [file, machine] = [memoryFile(), testMachine()];
    const asked = request([term('rate', 64_000), term('bytes', 64_000_000)]);
    const budgets = budgetsOf(file, machine, { run: '1' });
    for (let count = 0; count < 900; count += 1) {
      const reservation = taken(budgets.reserve(asked));
      expect(reservation.takeBytes(100)).toBe(true);
      reservation.settle({ performed: true });
    }
    expect(file.transactions).toBeLessThan(5);
    budgets.close();
    const other = budgetsOf(file, machine, { run: '2' });
    const left = 64_000 - 900;
    expect(admitted(other, request([term('rate', 64_000)]), 70_000)).toBe(left);
  });

  it('use nothing that was taken ahead once its time is over, on whichever clock', () => {
    for (const pass of [{ realMs: 1_000 }, { realMs: 3_600_000, asleepMs: 3_600_000 }, { wallSkewMs: -5_000 }]) {
      const [file, machine] = [memoryFile(), testMachine()];
      const budgets = budgetsOf(file, machine);
      const asked = request([term('rate', 64_000)]);
      taken(budgets.reserve(asked));
      const before = file.transactions;
      machine.realMs += pass.realMs ?? 0;
      machine.asleepMs += pass.asleepMs ?? 0;
      machine.wallSkewMs += pass.wallSkewMs ?? 0;
      taken(budgets.reserve(asked));
      expect(file.transactions).toBe(before + 1);
    }
  });

  it('hold a bounded number of counters, however many resources there are', () => {
    const [file, machine] = [memoryFile(), testMachine()];
    const budgets = budgetsOf(file, machine);
    const limit = term('rate', 6_400, { scope: 'resource' });
    for (let index = 0; index < 3_000; index += 1) {
      machine.realMs += 100;
      taken(budgets.reserve(request([limit], { resource: `/r/${index}` }))).settle({ performed: true });
    }
    // 60 s of them count, and of each of the latest a part is held.
    expect(file.counters()).toBeLessThan(1_500);
  });
});
