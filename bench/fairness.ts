/**
 * Measures what a spinning guest adds to the host calls of its neighbours in other cells. A call lasts from one intent to
 * the next in the record of the neighbour; the baseline is the same neighbours without the spinning guest, turn by turn
 * with it. Usage: `node bench/fairness.ts [--json] [--count N]`.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../host/index.ts';
import { buildGuest } from '../src/build/build-guest.ts';
import { loadHost } from './compiled-host.ts';
import { countOr, figuresOf, printResult, round, type Row } from './measurement.ts';

const ROUNDS = countOr(10);
const CALLS = 500;
/** The first calls of a run are not counted: code is loaded and compiled there. */
const WARM_UP = 50;
const NEIGHBOURS = 2;
/** How long the spinning guest has the machine for itself. */
const AHEAD_MS = 500;
const CELLS = ['thread', 'process'] as const;

const GUEST = `
import { write } from 'sallyport:agent/log@0.1.0';
export function run(input) {
  if (input === 'spin') for (;;);
  for (let call = 0; call < ${CALLS}; call++) write('info', 'a line');
  return '';
}
`;

const { openHost } = await loadHost();
const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));

function makeWorld(): void {
  const agents = CELLS.flatMap((cell) => ['spinner', 'neighbour'].map((who) => `  ${who}-${cell}: { component: guest.wasm, cell: ${cell} }`)); // prettier-ignore
  const limits = 'limits: { wall: 600s, cpu: 600s, logBytes: 10MiB }';
  writeFileSync(join(directory, 'sallyport.yaml'), `version: 1\n${limits}\nagents:\n${agents.join('\n')}\n`);
  mkdirSync(join(directory, 'policy'));
  writeFileSync(join(directory, 'policy', 'policy.csv'), 'p, role:any, log:write, log:info, -, allow, -\n');
  mkdirSync(join(directory, 'guest'));
  writeFileSync(join(directory, 'guest', 'guest.js'), GUEST);
}

/** Microseconds from each intent of a run to the next: the record counts them from its start. */
function distances(record: string): number[] {
  const at = readFileSync(record, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"type":"effect.intended"'))
    .map((line) => Number(/"mono":(\d+)/.exec(line)?.[1]));
  return at.slice(1).map((time, index) => time - (at[index] ?? time)).slice(WARM_UP); // prettier-ignore
}

async function neighbours(host: Host, cell: string): Promise<number[]> {
  const runs = Array.from({ length: NEIGHBOURS }, () => host.run({ agent: `neighbour-${cell}`, input: 'call' }));
  return (await Promise.all(runs)).flatMap(({ status, error, audit }) => {
    if (status !== 'ok' || audit === null) throw new Error(`a neighbour: ${status} ${error?.message ?? ''}`);
    return distances(audit);
  });
}

async function besideSpinner(host: Host, cell: string): Promise<number[]> {
  const stop = new AbortController();
  const spinning = host.run({ agent: `spinner-${cell}`, input: 'spin', signal: stop.signal });
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
  makeWorld();
  await buildGuest({ language: 'js', directory: join(directory, 'guest'), output: join(directory, 'guest.wasm') });
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
    rows.push({ cell, neighbours: NEIGHBOURS, ...figures, added_p99_us: added, ratio: round(figures.p99_us / baseline.p99_us), baseline }); // prettier-ignore
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
