import process from 'node:process';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { createBudgetStore } from '../../host/budget/budget-store.ts';
import { createBudgets } from '../../host/budget/budgets.ts';
import { isExhausted } from '../../host/contracts/budget.ts';
import { createClock } from '../../host/powers/clock.ts';
import { openCounterFile } from '../../host/powers/counter-file.ts';
import { createMachineClock, createOwners } from '../../host/powers/machine.ts';

/** What one thread or process does: asks as often as it is told, and says how often it got room. */
export interface Burst {
  readonly directory: string;
  readonly asks: number;
  readonly limit: number;
  readonly kind: 'rate' | 'concurrency';
  /** Stays, and keeps what it holds. */
  readonly stay?: boolean;
}

// The tests start this file and give it this.
const {
  directory,
  asks,
  limit,
  kind,
  stay = false,
} = (isMainThread ? JSON.parse(process.argv[2] ?? '') : workerData) as Burst;

const clock = createClock();
const budgets = createBudgets({
  run: `run-${process.pid}`,
  store: () =>
    createBudgetStore({ file: openCounterFile(directory), clock: createMachineClock(), owners: createOwners() }),
  priceOf: () => undefined,
  clock: { monotonicMs: () => clock.monotonicUs() / 1e3, wallMs: () => clock.nowMs() },
});
const request = {
  terms: [{ kind, rule: 'p-1', limit, scope: 'agent', ...(kind === 'rate' ? { periodMs: 86_400_000 } : {}) } as const],
  principal: { agent: 'agent:a', roles: [], component: 'sha256:00' },
  action: 'fs:read',
  resource: '/a',
};
let admitted = 0;
for (let count = 0; count < asks; count += 1) {
  const answer = budgets.reserve(request);
  if (isExhausted(answer)) continue;
  admitted += 1;
  if (kind === 'rate') answer.settle({ performed: true });
}
if (isMainThread) process.stdout.write(`${admitted}\n`);
else parentPort?.postMessage(admitted);
if (stay) setInterval(() => undefined, 1_000);
else budgets.close();
