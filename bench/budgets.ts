/**
 * Measures what budgets add to one effect: the whole pipeline over a real decision point and a record in memory, without
 * budgets, with `rate` and `bytes` that are large, and with a `rate` whose every call is a transaction of its own. All
 * take turns in one run, over real counters in a file. Usage: `node bench/budgets.ts [--json] [--count N]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createBudgetStore } from '../host/budget/budget-store.ts';
import { createBudgets } from '../host/budget/budgets.ts';
import { createPipeline } from '../host/enforcement/enforce.ts';
import { createDecisionPoint } from '../host/policy/decision-point.ts';
import { loadPolicy } from '../host/policy/policy-snapshot.ts';
import type { Vocabulary } from '../host/policy/vocabulary.ts';
import { createClock } from '../host/powers/clock.ts';
import { openCounterFile } from '../host/powers/counter-file.ts';
import { createMachineClock, createOwners } from '../host/powers/machine.ts';
import { countOr, figuresOf, printResult, round, type Row } from './measurement.ts';

const TURNS = countOr(60);
const CALLS = countOr(500);
const RESOURCE = '/workspace/a.txt';
const VOCABULARY: Vocabulary = {
  ...{ purposes: [], environments: [], labels: [], approvers: [], detectors: [], alerts: [] },
  actions: ['fs:read'],
  isArgument: () => true,
};
const VARIANTS: readonly (readonly [name: string, then: string])[] = [
  ['without', 'log=digest'],
  ['rate and bytes', 'rate=1000000/m bytes=100GB/h'],
  ['a transaction for each call', 'rate=1000000000/d@resource concurrency=100'],
];

const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
const clock = createClock();

/** One effect of four kilobytes, through the pipeline. */
function makeCall(then: string): () => void {
  const text = `p, agent:bench, fs:read, ${RESOURCE}, -, allow, ${then}\n`;
  const snapshot = loadPolicy({ policy: { file: 'policy.csv', text } }, VOCABULARY, 1);
  let records = 0;
  const budgets = createBudgets({
    run: 'bench',
    store: () =>
      createBudgetStore({ file: openCounterFile(directory), clock: createMachineClock(), owners: createOwners() }),
    priceOf: () => undefined,
    clock: { monotonicMs: () => clock.monotonicUs() / 1e3, wallMs: () => clock.nowMs() },
  });
  const pipeline = createPipeline({
    principal: { agent: 'agent:bench', roles: ['role:any'], component: 'sha256:00' },
    facts: {},
    decisionPoint: createDecisionPoint(snapshot.sliceFor('agent:bench'), 'agent:bench'),
    log: { append: () => records++ },
    clock,
    ids: { run: () => 'bench', decision: () => 'bench/1' },
    budgets,
    observe: () => undefined,
    fault: (error) => {
      throw error;
    },
  });
  const request = {
    capability: 'fs',
    accesses: [{ action: 'fs:read', resource: RESOURCE, attributes: new Map() }],
    target: undefined,
    summary: {},
  } as const;
  return () => {
    const end = pipeline.enforceNow({
      capability: 'fs',
      discharges: new Set(['bytes']),
      parse: () => request,
      perform: (grant) =>
        pipeline.redeem(grant).takeBytes(4096)
          ? { status: 'ok', value: undefined }
          : { status: 'denied', reason: 'budget-exhausted' },
    });
    if (end.status !== 'ok') throw new Error(`a call was not allowed: ${end.status}`);
  };
}

try {
  const calls = VARIANTS.map(([, then]) => makeCall(then));
  const samples: number[][] = VARIANTS.map(() => []);
  for (let turn = -5; turn < TURNS; turn += 1) {
    calls.forEach((call, variant) => {
      for (let count = 0; count < CALLS; count += 1) {
        const started = process.hrtime.bigint();
        call();
        if (turn >= 0) samples[variant]?.push(Number(process.hrtime.bigint() - started) / 1000);
      }
    });
  }
  const figures = samples.map(figuresOf);
  const base = figures[0]?.p50_us ?? Number.NaN;
  const rows = VARIANTS.map(([name, then], index): Row => {
    const own = figures[index] ?? { p50_us: Number.NaN, p99_us: Number.NaN };
    const mean = (samples[index] ?? []).reduce((sum, one) => sum + one, 0) / (samples[index]?.length ?? 1);
    return {
      name,
      then,
      ...own,
      mean_us: round(mean),
      adds_p50_us: round(own.p50_us - base),
      ratio: round(own.p50_us / base),
    };
  });
  printResult('budgets', rows, 'one effect through the pipeline; `ratio` is over the same without budgets');
} finally {
  rmSync(directory, { recursive: true, force: true });
}
