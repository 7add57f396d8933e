/**
 * Measures loading a policy beside other work: how long it takes, how long it holds the thread, and what it keeps.
 *
 * Each size has a process of its own. Rows have a hundred roles; `cell_ms` is what the rows of an agent that has all of
 * them cost the start of its cell. Usage: `node bench/policy-load.ts [--json] [--count N]`.
 */
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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
