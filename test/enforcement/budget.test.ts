import { describe, expect, it } from 'vitest';
import type { BudgetTerm } from '../../host/contracts/decision.ts';
import { NO_ATTRIBUTES } from '../../host/contracts/request.ts';
import type { DriverResult } from '../../host/enforcement/effect.ts';
import { budgetsOf, memoryFile, testMachine } from '../budget/memory.ts';
import { allow, createMemoryRun } from './in-memory.ts';

const RATE: BudgetTerm = { kind: 'rate', rule: 'p-1', limit: 1, periodMs: 60_000, scope: 'agent' };
type Result = DriverResult<string, string>;
const OK: Result = { status: 'ok', value: 'done' };

/** Runs effects one after the other under one call a minute; the statuses. */
function statuses(results: readonly (Result | Error)[]): readonly string[] {
  const file = memoryFile();
  const run = createMemoryRun(() => allow({ budgets: [RATE] }), { budgets: budgetsOf(file, testMachine()) });
  return results.map((result) => {
    const end = run.pipeline.enforceNow<undefined, string, string>({
      capability: 'fs',
      discharges: new Set(),
      parse: () => ({
        capability: 'fs',
        accesses: [{ action: 'fs:read', resource: '/a', attributes: NO_ATTRIBUTES }],
        target: undefined,
        summary: {},
      }),
      perform() {
        if (result instanceof Error) throw result;
        return result;
      },
    });
    return end.status === 'denied' ? end.denial.reason : end.status;
  });
}

describe('the budget of an effect', () => {
  it('is used by what was done, also where it failed, and where nobody knows', () => {
    for (const result of [OK, { status: 'failed', failure: 'x', code: 'x' } as const, new Error('gone')])
      expect(statuses([result, OK])[1]).toBe('budget-exhausted');
  });

  it('is given back where the driver did nothing', () => {
    const refused: Result = { status: 'denied', reason: 'address-forbidden' };
    expect(statuses([refused, OK, OK])).toEqual(['address-forbidden', 'ok', 'budget-exhausted']);
    const link: Result = { status: 'failed', failure: 'link', code: 'link', nothingDone: true };
    expect(statuses([link, OK, OK])).toEqual(['failed', 'ok', 'budget-exhausted']);
  });

  it('is used by what was denied when it had begun', () => {
    const late: Result = { status: 'denied', reason: 'budget-exhausted', begun: true };
    expect(statuses([late, OK])).toEqual(['budget-exhausted', 'budget-exhausted']);
  });

  it('is not taken by an effect whose record cannot be written', () => {
    const file = memoryFile();
    const run = createMemoryRun(() => allow({ budgets: [RATE] }), { budgets: budgetsOf(file, testMachine()) });
    run.breakLog();
    const effect = {
      capability: 'fs',
      discharges: new Set<never>(),
      parse: () =>
        ({
          capability: 'fs',
          accesses: [{ action: 'fs:read', resource: '/a', attributes: NO_ATTRIBUTES }],
          target: undefined,
          summary: {},
        }) as const,
      perform: () => OK,
    } as const;
    expect(run.pipeline.enforceNow(effect).status).toBe('denied');
    expect(file.counters()).toBe(0);
  });
});
