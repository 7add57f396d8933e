/**
 * Measures what a spinning guest adds to the host calls of its neighbours. A call lasts from one intent to the next in the
 * record of the neighbour; the baseline is the same neighbours without the spinning guest, turn by turn with it. On a shared
 * thread nobody else goes on while one spins: there it comes when the neighbours are at work, it has the fuel that is
 * standard, and what is told is how long it had the thread for itself. Usage: `node bench/fairness.ts [--json] [--count N]`.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host, RunResult } from '../host/index.ts';
import { buildGuest } from '../src/build/build-guest.ts';
import { loadHost } from './compiled-host.ts';
import { countOr, figuresOf, printResult, round, type Row } from './measurement.ts';

const ROUNDS = countOr(10);
const CALLS = { thread: 500, process: 500, shared: 5000 } as const;
/** The first calls of a run are not counted: code is loaded and compiled there. */
const WARM_UP = 50;
const NEIGHBOURS = 2;
/** How long the spinning guest has the machine for itself. */
const AHEAD_MS = 500;
/** On a shared thread the neighbours are there first, and for longer. */
const BEHIND_MS = 50;
const CELLS = ['thread', 'process', 'shared'] as const;
type Cell = (typeof CELLS)[number];

const GUEST = `
import { write } from 'sallyport:agent/log@0.1.0';
export function run(input) {
  if (input === 'spin') for (;;);
  for (let call = 0; call < Number(input); call++) write('info', 'a line');
  return '';
}
`;

const { openHost } = await loadHost();
const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));

async function makeWorld(): Promise<void> {
  mkdirSync(join(directory, 'guest'));
  writeFileSync(join(directory, 'guest', 'guest.js'), GUEST);
  const component = join(directory, 'guest.wasm');
  await buildGuest({ language: 'js', directory: join(directory, 'guest'), output: component });
  const digest = `sha256:${createHash('sha256').update(readFileSync(component)).digest('hex')}`;
  const agents = CELLS.flatMap((cell) => ['spinner', 'neighbour'].map((who) => `  ${who}-${cell}: { component: guest.wasm, digest: '${digest}', cell: ${cell} }`)); // prettier-ignore
  const limits = 'limits: { wall: 600s, cpu: 600s, logBytes: 10MiB }';
  writeFileSync(join(directory, 'sallyport.yaml'), `version: 1\n${limits}\nagents:\n${agents.join('\n')}\n`);
  mkdirSync(join(directory, 'policy'));
  writeFileSync(join(directory, 'policy', 'policy.csv'), 'p, role:any, log:write, log:info, -, allow, -\n');
}

/** Microseconds from each intent of a run to the next: the record counts them from its start. */
function distances(record: string): number[] {
  const at = readFileSync(record, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"type":"effect.intended"'))
    .map((line) => Number(/"mono":(\d+)/.exec(line)?.[1]));
  return at.slice(1).map((time, index) => time - (at[index] ?? time)).slice(WARM_UP); // prettier-ignore
}

async function neighbours(host: Host, cell: Cell): Promise<number[]> {
  const runs = Array.from({ length: NEIGHBOURS }, () =>
    host.run({ agent: `neighbour-${cell}`, input: String(CALLS[cell]) }),
  );
  return (await Promise.all(runs)).flatMap(({ status, error, audit }) => {
    if (status !== 'ok' || audit === null) throw new Error(`a neighbour: ${status} ${error?.message ?? ''}`);
    return distances(audit);
  });
}

/** Milliseconds for which each spinning guest had a thread that it shares. */
const held: number[] = [];

async function besideSpinner(host: Host, cell: Cell): Promise<number[]> {
  const stop = new AbortController();
  const spin = (): Promise<RunResult> => host.run({ agent: `spinner-${cell}`, input: 'spin', signal: stop.signal });
  if (cell === 'shared') {
    const [calls, { error, usage }] = await Promise.all([neighbours(host, cell), sleep(BEHIND_MS).then(spin)]);
    if (error?.limit !== 'fuel') throw new Error(`the spinning guest: ${error?.message ?? 'ended'}`);
    held.push(usage.cpuMs);
    return calls;
  }
  const spinning = spin();
  await sleep(AHEAD_MS);
  try {
    return await neighbours(host, cell);
  } finally {
    stop.abort();
    await spinning;
  }
}

const rows: Row[] = [];
try {
  await makeWorld();
  const host = await openHost({ configuration: join(directory, 'sallyport.yaml'), workingDirectory: directory });
  for (const cell of CELLS) {
    const alone: number[] = [];
    const beside: number[] = [];
    await neighbours(host, cell); // the component is prepared, and everything is loaded
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      alone.push(...(await neighbours(host, cell)));
      beside.push(...(await besideSpinner(host, cell)));
    }
    const [baseline, figures] = [figuresOf(alone), figuresOf(beside)];
    const added = round(figures.p99_us - baseline.p99_us);
    rows.push({ cell, neighbours: NEIGHBOURS, ...figures, added_p99_us: added, ...(cell === 'shared' ? { held_ms: round(Math.max(...held)) } : {}), ratio: round(figures.p99_us / baseline.p99_us), baseline }); // prettier-ignore
  }
  await host.close();
} finally {
  rmSync(directory, { recursive: true, force: true });
}
printResult(
  'fairness',
  rows,
  'one call of a neighbour beside a spinning guest; ratio and added: p99 beside that without it',
);
