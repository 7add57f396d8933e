/**
 * Measures how long a grant outlives its row: from the moment at which another `policy.csv` is put in its place to the first
 * denial of an agent that asks all the time. In cells of its own, an agent of another
 * row runs beside it and must not notice. The baseline is the
 * hint of the operating system that the file has changed, and reading it: nothing that follows files can be faster. Usage:
 * `node bench/policy-change.ts [--json] [--count N] [--others=ROWS] [--own=ROWS]`.
 */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../host/index.ts';
import { buildGuest } from '../src/build/build-guest.ts';
import { loadHost } from './compiled-host.ts';
import { countOr, figuresOf, printResult, round, type Row } from './measurement.ts';

const SAMPLES = countOr(20);
const CELLS = ['thread', 'process', 'shared'] as const;
/** Rows of other agents, and rows that the agent has itself: its cell gets them anew with each policy. */
const OTHER_ROWS = numberOf('others', 100);
const OWN_ROWS = numberOf('own', 0);

function numberOf(name: string, usual: number): number {
  const prefix = `--${name}=`;
  const given = process.argv.find((argument) => argument.startsWith(prefix));
  return given === undefined ? usual : Number(given.slice(prefix.length));
}

/** Writes lines until it is denied, and is busy in between: it never waits. */
const GUEST = `
import { write } from 'sallyport:agent/log@0.1.0';
export function run(input) {
  for (let spun = 0; ;) {
    for (let turn = 0; turn < 5000; turn += 1) spun += turn;
    try { write('info', 'a line'); } catch (error) { return error.payload.val.reason; }
  }
}
`;

// A host that only follows its files keeps no program alive.
const alive = setInterval(() => undefined, 1000);
const { openHost } = await loadHost();
const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
const policyFile = join(directory, 'policy', 'policy.csv');
const rowOf = (agent: string): string => `p, agent:${agent}, log:write, log:info, -, allow, -`;

/** Puts a policy in the place of the one that is there, at once. */
function putPolicy(...agents: readonly string[]): void {
  const others = Array.from({ length: OTHER_ROWS }, (_, index) => rowOf(`other-${index}`));
  const own = Array.from({ length: OWN_ROWS }, (_, index) => `p, role:any, fs:read, /w/${index}/**, -, allow, -`);
  writeFileSync(`${policyFile}.next`, `${[...others, ...own, ...agents.map(rowOf)].join('\n')}\n`);
  renameSync(`${policyFile}.next`, policyFile);
}

async function makeWorld(): Promise<void> {
  mkdirSync(join(directory, 'policy'));
  mkdirSync(join(directory, 'guest'));
  writeFileSync(join(directory, 'guest', 'guest.js'), GUEST);
  const output = join(directory, 'guest.wasm');
  await buildGuest({ language: 'js', directory: join(directory, 'guest'), output });
  const digest = createHash('sha256').update(readFileSync(output)).digest('hex');
  const agents = CELLS.flatMap((cell) => ['loser', 'keeper'].map((who) => `  ${who}-${cell}: { component: guest.wasm, digest: 'sha256:${digest}', cell: ${cell} }`)); // prettier-ignore
  const limits = 'limits: { wall: 600s, cpu: 600s, hostCalls: 1000000000, logBytes: 1GiB, fuel: 1000000000000 }';
  writeFileSync(join(directory, 'sallyport.yaml'), `version: 1\n${limits}\nagents:\n${agents.join('\n')}\n`);
}

/** The hint that the policy has changed, and the time that reading it takes. */
function hinted(): { readonly read: Promise<number>; readonly close: () => void } {
  const { promise, resolve } = Promise.withResolvers<number>();
  const watcher = watch(join(directory, 'policy'), (_, name) => {
    if (name !== 'policy.csv') return;
    readFileSync(policyFile);
    resolve(performance.now());
  });
  return { read: promise, close: () => watcher.close() };
}

/** The next policy is in force. */
const changed = (host: Host): Promise<undefined> =>
  new Promise((resolve) => {
    const stop = host.onPolicy(({ kind }) => {
      if (kind !== 'policy.changed') return;
      stop();
      resolve(undefined);
    });
  });

/** Milliseconds from the change to the hint, and to the denial. */
async function once(host: Host, cell: string): Promise<{ hint: number; denied: number }> {
  const [loser, keeper] = [`loser-${cell}`, `keeper-${cell}`];
  const inForce = changed(host);
  putPolicy(loser, keeper);
  await inForce;
  const denial = Promise.withResolvers<number>();
  const started = Promise.withResolvers<undefined>();
  const end = new AbortController();
  const running = host.run({
    agent: loser,
    input: '',
    onLog: () => started.resolve(undefined),
    onDecision: () => denial.resolve(performance.now()),
  });
  // Two guests that never wait cannot share a thread: each would be told to leave it, and neither hears.
  const beside = cell === 'shared' ? undefined : host.run({ agent: keeper, input: '', signal: end.signal });
  await started.promise;
  const hint = hinted();
  await sleep(50);
  const begun = performance.now();
  putPolicy(keeper);
  const [hintAt, deniedAt] = await Promise.all([hint.read, denial.promise]);
  hint.close();
  const { status, output } = await running;
  if (status !== 'ok' || output !== 'no-rule') throw new Error(`the run ended with ${status} ${output ?? ''}`);
  end.abort();
  const left = await beside;
  if (left !== undefined && (left.decisions.deny > 0 || left.error?.code !== 'cancelled'))
    throw new Error('the other run was not left alone');
  return { hint: hintAt - begun, denied: deniedAt - begun };
}

try {
  await makeWorld();
  putPolicy();
  const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: directory, watch: true });
  const rows: Row[] = [];
  for (const cell of CELLS) {
    const samples: { hint: number; denied: number }[] = [];
    for (let turn = -1; turn < SAMPLES; turn += 1) {
      const sample = await once(host, cell);
      if (turn >= 0) samples.push(sample); // the first prepares the component
    }
    const figures = figuresOf(samples.map(({ denied }) => denied * 1000));
    const baseline = figuresOf(samples.map(({ hint }) => hint * 1000));
    rows.push({
      cell,
      ...figures,
      baseline,
      baseline_p50_us: baseline.p50_us,
      ratio: round(figures.p50_us / baseline.p50_us),
    });
  }
  await host.close();
  const sizes = `${OTHER_ROWS} rows of others, ${OWN_ROWS} of its own`;
  printResult('policy-change', rows, `${SAMPLES} changes each, ${sizes}; p50 and p99 until the denial`);
} finally {
  clearInterval(alive);
  rmSync(directory, { recursive: true, force: true });
}
