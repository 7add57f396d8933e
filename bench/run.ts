/** Runs every benchmark, one after another, each in a process of its own. Usage: `node bench/run.ts [--json]`. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';

const BENCHMARKS = [
  ...['decision', 'policy-load', 'budgets', 'operations', 'start', 'cells', 'tools', 'postgres', 'streaming'],
  ...['policy-change', 'redaction', 'secret-mask', 'fuel', 'fairness', 'density', 'soak'],
];
let failed = false;
for (const name of BENCHMARKS) {
  const file = join(import.meta.dirname, `${name}.ts`);
  const { status } = spawnSync(process.execPath, [...process.execArgv, file, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  if (status !== 0) failed = true;
}
process.exitCode = failed ? 1 : 0;
