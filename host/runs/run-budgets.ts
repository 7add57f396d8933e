import { createBudgetStore, type BudgetStore } from '../budget/budget-store.ts';
import { createBudgets, type PriceOf } from '../budget/budgets.ts';
import { createPrices } from '../configuration/prices.ts';
import type { RunBudgets } from '../contracts/budget.ts';
import type { Clock } from '../contracts/powers.ts';
import { openCounterFile } from '../powers/counter-file.ts';
import { createMachineClock, createOwners } from '../powers/machine.ts';
import type { BudgetPlan } from './run-spec.ts';

const openStore = (directory: string): BudgetStore =>
  createBudgetStore({ file: openCounterFile(directory), clock: createMachineClock(), owners: createOwners() });

/** The budgets of one run. The file is opened with the first reservation, whichever policy asks for it. */
export function createRunBudgets({ directory, prices }: BudgetPlan, run: string, clock: Clock): RunBudgets {
  let priceOf: PriceOf | undefined;
  return createBudgets({
    run,
    store: () => openStore(directory),
    priceOf: (action, resource) => (priceOf ??= createPrices(prices))(action, resource),
    clock: { monotonicMs: () => clock.monotonicUs() / 1e3, wallMs: () => clock.nowMs() },
  });
}

/** Frees the places that a run still holds: its cell may have been ended in the middle. */
export function releasePlaces(directory: string, run: string): void {
  const store = openStore(directory);
  try {
    store.releaseRun(run);
  } finally {
    store.close();
  }
}
