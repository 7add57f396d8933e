/**
 * Runs one agent after another in one host, and measures what stays: resident memory, descriptors, threads, children.
 * The baseline is what there is after the first tenth. Usage: `node bench/soak.ts [--json] [--count N]`.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { buildGuest } from '../src/build/build-guest.ts';
import { loadHost } from './compiled-host.ts';
import { countOr, figuresOf, printResult, round, type Row } from './measurement.ts';

const RUNS = countOr(10_000);
const EARLY = Math.ceil(RUNS / 10);
const SETTLE_MS = 500;
const example = join(import.meta.dirname, '..', 'guest-examples', 'hello');
const { openHost } = await loadHost();

/** What this process holds at the moment. */
interface Held {
  readonly rssMiB: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly children: number;
}

async function held(): Promise<Held> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  global.gc?.();
  const threads = readdirSync('/proc/self/task');
  const children = threads.flatMap((thread) => {
    const list = readFileSync(`/proc/self/task/${thread}/children`, 'utf8').trim();
    return list === '' ? [] : list.split(' ');
  });
  return {
    rssMiB: round(process.memoryUsage.rss() / (1 << 20)),
    descriptors: readdirSync('/proc/self/fd').length,
    threads: threads.length,
    children: children.length,
  };
}

const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
const rows: Row[] = [];
try {
  for (const name of ['policy', 'workspace']) cpSync(join(example, name), join(directory, name), { recursive: true });
  const configuration = readFileSync(join(example, 'sallyport.yaml'), 'utf8');
  writeFileSync(join(directory, 'sallyport.yaml'), `${configuration}cell: thread\n`);
  const component = join(directory, 'hello.wasm');
  await buildGuest({ language: 'js', directory: join(example, 'js'), output: component });
  const host = await openHost({ configuration: join(directory, 'sallyport.yaml'), workingDirectory: directory });
  const audit = join(directory, '.sallyport', 'audit');
  const samples: number[] = [];
  let early: Held | undefined;
  for (let turn = 1; turn <= RUNS; turn += 1) {
    const started = performance.now();
    const { status, error } = await host.run({ component, input: 'bench' });
    if (status !== 'ok') throw new Error(`run ${turn}: ${status} ${error?.message ?? ''}`);
    samples.push((performance.now() - started) * 1000);
    if (turn % 100 === 0) rmSync(audit, { recursive: true, force: true }); // records are not what is measured
    if (turn === EARLY) {
      early = await held();
      rows.push({ runs: turn, ...figuresOf(samples), ...early });
    }
  }
  const late = await held();
  rows.push({ runs: RUNS, ...figuresOf(samples), ...late, ratio: round(late.rssMiB / (early?.rssMiB ?? Number.NaN)) });
  await host.close();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
printResult('soak', rows, 'time of a whole run; ratio: resident memory beside that after the first tenth of the runs');
