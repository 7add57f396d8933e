/**
 * Measures what a process of its own costs an agent: calls of the host (a file of 4 KiB, a declared SQL statement) and the
 * time to the first effect, of a prepared Rust guest. The baseline is the same in a thread, turn by turn.
 * Usage: `node bench/cells.ts [--json] [--count N]`.
 *
 * The time of a call is the distance between two intents in a row in the audit record, as in `operations.ts`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildGuest } from '../src/build/build-guest.ts';
import { loadHost } from './compiled-host.ts';
import { countOr, figuresOf, printResult, round, type Figures, type Row } from './measurement.ts';
import { makeOperationsWorld, type OperationsWorld } from './operations-world.ts';

const COUNT = countOr(3000);
/** The engine compiles what runs often: calls that are not counted. */
const WARM_UP = Math.min(COUNT * 3, 5000);
const STARTS = countOr(20);
const CELLS = ['thread', 'process'] as const;
type Cell = (typeof CELLS)[number];
const OPERATIONS = { read: '/workspace/data.bin', named: '-' } as const;
type Operation = keyof typeof OPERATIONS;

const { openHost } = await loadHost();

/** One run of a new host: when it was started, and the intents of its record. */
async function run(world: OperationsWorld, component: string, cell: Cell, input: string) {
  const host = await openHost({ configuration: world.configuration, workingDirectory: world.directory });
  const startedAt = performance.timeOrigin + performance.now();
  const result = await host.run({ agent: 'bench', component, input, cell });
  await host.close();
  if (result.status !== 'ok' || result.audit === null) throw new Error(`${cell} ${input}: ${JSON.stringify(result)}`);
  const intents = readFileSync(result.audit, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"type":"effect.intended"'));
  return { startedAt, intents };
}

async function measureCalls(
  world: OperationsWorld,
  component: string,
  cell: Cell,
  operation: Operation,
): Promise<Figures> {
  const input = `${operation} ${COUNT + WARM_UP} ${OPERATIONS[operation]}`;
  const { intents } = await run(world, component, cell, input);
  const times = intents.map((line) => Number(/"mono":(\d+)/.exec(line)?.[1]));
  return figuresOf(times.slice(1).map((time, index) => time - (times[index] ?? time)).slice(WARM_UP - 1)); // prettier-ignore
}

async function measureStarts(world: OperationsWorld, component: string): Promise<Record<Cell, Figures>> {
  const samples: Record<Cell, number[]> = { thread: [], process: [] };
  for (let turn = 0; turn < STARTS; turn += 1) {
    for (const cell of CELLS) {
      const { startedAt, intents } = await run(world, component, cell, `read 1 ${OPERATIONS.read}`);
      const at = Date.parse(/"time":"([^"]+)"/.exec(intents[0] ?? '')?.[1] ?? '');
      samples[cell].push((at - startedAt) * 1000);
    }
  }
  return { thread: figuresOf(samples.thread), process: figuresOf(samples.process) };
}

const world = await makeOperationsWorld();
const rows: Row[] = [];
const add = (what: string, figures: Record<Cell, Figures>): void => {
  const baseline = figures.thread;
  for (const cell of CELLS) {
    const own = figures[cell];
    const ratio = round(own.p50_us / baseline.p50_us);
    rows.push({ what, cell, ...own, ratio, over_us: round(own.p50_us - baseline.p50_us), baseline });
  }
};
try {
  const component = join(world.directory, 'operations.wasm');
  const directory = join(import.meta.dirname, '..', 'guest-examples', 'operations', 'rust');
  await buildGuest({ language: 'rust', directory, output: component });
  await run(world, component, 'thread', `read 1 ${OPERATIONS.read}`); // it is prepared now
  add('first effect', await measureStarts(world, component));
  for (const operation of ['read', 'named'] as const) {
    const thread = await measureCalls(world, component, 'thread', operation);
    add(operation, { thread, process: await measureCalls(world, component, 'process', operation) });
  }
} finally {
  world.close();
}
printResult('cells', rows, 'ratio and over_us: p50 beside that of a thread in this run; over_us of a call is one crossing'); // prettier-ignore
