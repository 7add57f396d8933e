/**
 * Measures loading a policy beside other work: how long it takes, how long it holds the thread, and what it keeps.
 *
 * Each size has a process of its own. Rows have a hundred roles; `point_ms` is what the rows of an agent that has all of
 * them cost its cell, once for each policy. `swap_*` is the whole exchange in a host that lives, from the call to the new
 * policy in force, with a cell of that agent: reading, loading, lint, the version, the slice. Of one row that is gone, and
 * of a policy whose rows are all others. Usage: `node bench/policy-load.ts [--json] [--count N]`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readConfiguration } from '../host/configuration/configuration.ts';
import { createHostPowers } from '../host/host-powers.ts';
import { createLivePolicy } from '../host/live-policy/live-policy.ts';
import { policyStoreOf } from '../host/live-policy/policy-store.ts';
import { createDecisionPoint } from '../host/policy/decision-point.ts';
import { lintPolicyGradually } from '../host/policy/policy-lint.ts';
import { loadPolicy, loadPolicyGradually, type PolicySnapshot } from '../host/policy/policy-snapshot.ts';
import type { Pace } from '../host/policy/steps.ts';
import type { Vocabulary } from '../host/policy/vocabulary.ts';
import { createClock } from '../host/powers/clock.ts';
import { pause } from '../host/powers/pause.ts';
import { countOr, figuresOf, printResult, round, type Row as ResultRow } from './measurement.ts';

const SIZES = [1_000, 10_000, 100_000].slice(0, countOr(100) < 100 ? 1 : 3);
const TURNS = countOr(5);
const AGENT = 'agent:bench';
const ROLES = 100;
const NOW = Date.parse('2026-03-02T11:00:00Z');

const VOCABULARY: Vocabulary = {
  purposes: ['triage'],
  environments: ['prod'],
  labels: ['public', 'internal'],
  approvers: [],
  detectors: [],
  alerts: [],
  actions: ['http:GET', 'http:POST', 'fs:read', 'fs:write', 'db:select', 'tool:call'],
  isArgument: () => true,
};

/** The figures of one size. `p50_us` and `p99_us` are of one load beside other work. */
type Row = ResultRow & {
  readonly rows: number;
  readonly build_ms: number;
  readonly build_cpu_ms: number;
  /** The longest time for which nothing else on the thread had its turn, by the clock; and what of it was work. */
  readonly longest_block_ms: number;
  readonly block_cpu_ms: number;
  readonly lint_cpu_ms: number;
  readonly lint_block_cpu_ms: number;
  readonly bytes_a_rule: number;
  /** What a rule keeps beyond the bytes of its text. */
  readonly over_text: number;
  /** The same load at once: what it would hold the thread for. This and what follows is time of the processor. */
  readonly at_once_cpu_ms: number;
  /** By the clock, of a row that is gone; of all rows; and for how long a timer was late meanwhile, at most. */
  readonly swap_ms: number;
  readonly swap_all_ms: number;
  readonly swap_block_ms: number;
  readonly swap_cpu_ms: number;
  readonly swap_all_cpu_ms: number;
  /** The longest stretch between two pauses, by the processor: what of the block is not other programs. */
  readonly swap_block_cpu_ms: number;
  readonly slice_ms: number;
  readonly clone_ms: number;
  readonly point_ms: number;
  readonly first_decision_ms: number;
};

function textOf(rows: number): string {
  const lines = Array.from({ length: ROLES }, (_, n) => `g, ${AGENT}, role:team${n}`);
  for (let n = 0; n < rows; n++) {
    const [action, pattern] = [
      ['http:GET', `https://api${n % 997}.example.com/v1/team${n}/**`],
      ['http:POST', `https://*.tenant${n}.example.net/hooks/*`],
      ['fs:read', `/workspace/project${n}/**/*.md`],
      ['db:select', `db:main/table${n}`],
      ['tool:call', `tool:suite${n % 331}/task${n}`],
    ][n % 5]!;
    const when = ['-', '-', 'purpose=triage', 'env=prod', 'hours(08-19 Europe/Paris)'][(n % 7) % 5]!;
    lines.push(
      `p, role:team${n % ROLES}, ${action}, ${pattern}, ${when}, ${n % 12 === 0 ? 'deny, -' : 'allow, log=full'}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

const clock = createClock();

/** Milliseconds that this thread has had of a processor: what other programs take is not in it. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

interface Watched<Value> {
  readonly value: Value;
  readonly took: number;
  readonly cpu: number;
  /** The longest stretch between two pauses, by the clock and by the processor. */
  readonly block: number;
  readonly blockCpu: number;
}

/** Runs work with its pauses. */
async function watched<Value>(work: (pace: Pace) => Promise<Value>): Promise<Watched<Value>> {
  const [started, startedCpu] = [performance.now(), threadMs()];
  let [since, sinceCpu] = [started, startedCpu];
  let [block, blockCpu] = [0, 0];
  const note = (): void => {
    block = Math.max(block, performance.now() - since);
    blockCpu = Math.max(blockCpu, threadMs() - sinceCpu);
  };
  const value = await work({
    clock,
    async pause() {
      note();
      await pause();
      [since, sinceCpu] = [performance.now(), threadMs()];
    },
  });
  note();
  return { value, took: performance.now() - started, cpu: threadMs() - startedCpu, block, blockCpu };
}

function timed<Value>(work: () => Value): { value: Value; took: number } {
  const started = threadMs();
  const value = work();
  return { value, took: threadMs() - started };
}

function liveBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void; // the engine's own, made visible by the flag
  for (let turn = 0; turn < 3; turn++) collect();
  return process.memoryUsage().heapUsed;
}

/** One exchange. */
interface Swap {
  readonly took: number;
  readonly cpu: number;
  /** How late a timer was at most, and the longest stretch of work between two pauses. */
  readonly late: number;
  readonly blockCpu: number;
}

/** Exchanges policies in a host that lives, each text in its turn. */
async function swaps(first: string, texts: readonly string[]): Promise<readonly Swap[]> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
  const file = join(directory, 'policy', 'policy.csv');
  mkdirSync(join(directory, 'policy'));
  writeFileSync(file, first);
  writeFileSync(
    join(directory, 'sallyport.yaml'),
    'version: 1\npurposes: [triage]\nenvironments: [prod]\nagents: { bench: { component: agent.wasm } }\n',
  );
  let [since, blockCpu] = [0, 0];
  const note = (): void => void (blockCpu = Math.max(blockCpu, threadMs() - since));
  const powers = {
    ...createHostPowers(),
    async pause() {
      note();
      await pause();
      since = threadMs();
    },
  };
  const configuration = readConfiguration('sallyport.yaml', directory, powers);
  const store = policyStoreOf(configuration.manifest, powers);
  const workingDirectory = directory;
  const live = createLivePolicy({ file: 'sallyport.yaml', workingDirectory, first: configuration, store, powers });
  const cell = live.subscribe([AGENT]);
  await live.keep();
  const lag = monitorEventLoopDelay({ resolution: 1 });
  const found: Swap[] = [];
  try {
    for (const text of texts) {
      writeFileSync(file, text);
      await sleep(50);
      lag.reset();
      lag.enable();
      const [started, startedCpu] = [performance.now(), threadMs()];
      [since, blockCpu] = [startedCpu, 0];
      const { status } = await live.reload();
      note();
      const [took, cpu] = [performance.now() - started, threadMs() - startedCpu];
      await sleep(20);
      lag.disable();
      if (status !== 'changed') throw new Error(`the policy is ${status}`);
      found.push({ took, cpu, late: lag.max / 1e6 - 1, blockCpu });
    }
  } finally {
    cell.close();
    await live.close();
    rmSync(directory, { recursive: true });
  }
  return found;
}

const withoutValue = async (work: (pace: Pace) => Promise<unknown>): Promise<Omit<Watched<unknown>, 'value'>> => {
  const { took, cpu, block, blockCpu } = await watched(work);
  return { took, cpu, block, blockCpu };
};

async function measure(rows: number): Promise<Row> {
  const text = textOf(rows);
  const textBytes = Buffer.byteLength(text);
  const load = (pace: Pace): Promise<PolicySnapshot> =>
    loadPolicyGradually(pace, { policy: { file: 'bench.csv', text } }, VOCABULARY, 1);
  const before = liveBytes();
  const snapshot = await load({ clock, pause });
  const kept = liveBytes() - before;
  const loads: Omit<Watched<unknown>, 'value'>[] = [];
  for (let turn = 0; turn < TURNS; turn++) loads.push(await withoutValue(load));
  const times = loads.map(({ took }) => took);
  const atOnce = timed(() => loadPolicy({ policy: { file: 'bench.csv', text } }, VOCABULARY, 1));
  const lint = await watched((pace) => lintPolicyGradually(pace, snapshot, NOW));
  const extra = (turn: number): string => `p, ${AGENT}, fs:read, /w/${turn}, -, allow, -\n`;
  // Without the extra row, with it, and so on: one row of many changes.
  const one = await swaps(
    text + extra(0),
    Array.from({ length: 2 * TURNS }, (_, turn) => (turn % 2 === 0 ? text : text + extra(turn))),
  );
  const gone = one.filter((_, turn) => turn % 2 === 0);
  const [all] = await swaps(text, [
    text.replaceAll('/v1/', '/v2/').replaceAll(/(project|tenant|table|task)/g, 'new$1'),
  ]);
  const slice = timed(() => snapshot.sliceFor(AGENT));
  const clone = timed(() => structuredClone(slice.value));
  const point = timed(() => createDecisionPoint(clone.value, AGENT));
  const access = { action: 'http:GET', resource: 'https://api5.example.com/v1/team5/x', attributes: new Map() };
  const first = timed(() => point.value.decide([access], { nowMs: NOW, purpose: 'triage' }));
  return {
    rows,
    ...figuresOf(times.map((ms) => ms * 1_000)),
    build_ms: round(figuresOf(times).p50_us),
    build_cpu_ms: round(figuresOf(loads.map(({ cpu }) => cpu)).p50_us),
    longest_block_ms: round(Math.max(...loads.map(({ block }) => block))),
    block_cpu_ms: round(Math.max(...loads.map(({ blockCpu }) => blockCpu))),
    lint_cpu_ms: round(lint.cpu),
    lint_block_cpu_ms: round(lint.blockCpu),
    bytes_a_rule: Math.round(kept / rows),
    over_text: Math.round((kept - textBytes) / rows),
    at_once_cpu_ms: round(atOnce.took),
    swap_ms: round(figuresOf(gone.map(({ took }) => took)).p50_us),
    swap_all_ms: round(all?.took ?? 0),
    swap_block_ms: round(Math.max(...one.map(({ late }) => late), all?.late ?? 0)),
    swap_cpu_ms: round(figuresOf(gone.map(({ cpu }) => cpu)).p50_us),
    swap_all_cpu_ms: round(all?.cpu ?? 0),
    swap_block_cpu_ms: round(Math.max(...one.map((swap) => swap.blockCpu), all?.blockCpu ?? 0)),
    slice_ms: round(slice.took),
    clone_ms: round(clone.took),
    point_ms: round(point.took),
    first_decision_ms: round(first.took),
  };
}

const [only] = process.argv.slice(2).filter((argument) => argument.startsWith('--rows='));
if (only === undefined) {
  const rows = SIZES.map((size): Row => {
    const args = [...process.execArgv, import.meta.filename, ...process.argv.slice(2), `--rows=${size}`];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Row; // what the line below prints
  });
  const note =
    'block = the longest time without a turn for others, `cpu` without what other programs took; bytes = heap of a rule';
  printResult('policy-load', rows, note);
} else console.log(JSON.stringify(await measure(Number(only.slice('--rows='.length)))));
