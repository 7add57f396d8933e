/**
 * Measures one decision at 10 to 100 000 rules with either engine, and in the same run stock Casbin over all rows.
 *
 * Every rule concerns the agent that asks: the worst case for the index. The same number of different requests is spread
 * over the rules at every size; about one in ten meets none. Each size has a worker of its own, as a run has, and all take
 * turns. Usage: `node bench/decision.ts [--json] [--count N]`.
 */
import { once } from 'node:events';
import { parentPort, Worker, workerData, type MessagePort } from 'node:worker_threads';
import { newEnforcer, newModelFromString } from 'casbin';
import { createDecisionPoint } from '../host/policy/decision-point.ts';
import { createExplainer } from '../host/policy/explanation.ts';
import { loadPolicy, type PolicySnapshot } from '../host/policy/policy-snapshot.ts';
import { matchesResource } from '../host/policy/resource-pattern.ts';
import { splitCanonical, type ResourceParts } from '../host/policy/resource-parts.ts';
import { compileRule, createCellCompiler } from '../host/policy/rule.ts';
import { actionMatches, type Vocabulary } from '../host/policy/vocabulary.ts';
import { DEFAULT_MODEL } from '../host/policy/default-model.ts';
import type { Access } from '../host/contracts/request.ts';
import type { Decision } from '../host/contracts/decision.ts';
import type { DecisionContext } from '../host/contracts/decision-point.ts';
import { ENGINES, type EngineChoice, type EngineName } from '../host/contracts/engine-choice.ts';
import { countOr, figuresOf, printResult, round, type Figures, type Row as ResultRow } from './measurement.ts';

const AGENT = 'agent:bench';
/** The largest take longest to load: a few samples are not worth that. */
const SIZES = [10, 100, 1_000, 10_000, 100_000].slice(0, countOr(100) < 100 ? 2 : 5);
/** Different requests, spread over all rules: the working set of an agent. */
const REQUESTS = countOr(500);
const WARM_UP = countOr(20_000);
const TURNS = countOr(40);
/** Stock Casbin takes a fifth of a second at the largest size: its samples are fewer there. */
const BASELINE_BUDGET_MS = 4_000;
const MAX_SAMPLES = countOr(20_000);

const VOCABULARY: Vocabulary = {
  purposes: ['triage', 'audit'],
  environments: ['prod', 'test'],
  labels: ['public', 'internal', 'confidential'],
  approvers: ['owner', 'cfo'],
  detectors: ['email', 'iban', 'token'],
  alerts: ['soc'],
  actions: ['http:GET', 'http:POST', 'fs:read', 'fs:write', 'db:select', 'tool:call'],
  isArgument: () => true,
};
const CONTEXT: DecisionContext = { nowMs: Date.parse('2026-03-02T11:00:00Z'), purpose: 'triage', environment: 'prod' };

/** The figures of one engine at one size. */
type Row = ResultRow & {
  readonly engine: EngineName;
  readonly rules: number;
  /** p50 of this size over p50 at 10 rules. */
  readonly growth: number;
  /** p50 over the baseline's p50. */
  readonly ratio: number;
  /** The same for requests that were never made before. */
  readonly fresh_p50_us: number;
  readonly load_ms: number;
  /** Cloning the agent's slice and making its decision point. */
  readonly point_ms: number;
  /** Explaining one denial, the first time. */
  readonly explain_ms: number;
  readonly baseline: Baseline;
};

interface Baseline extends Figures {
  readonly name: string;
  readonly samples: number;
}

function createRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  };
}

interface MadeRow {
  readonly row: string;
  readonly action: string;
  /** A resource that the row matches; where its pattern has a wildcard, another one for each number. */
  readonly resource: (k: number) => string;
  readonly wildcard: boolean;
}

function makeRow(n: number, random: (limit: number) => number): MadeRow {
  const effect = random(12) === 0 ? 'deny' : 'allow';
  const when = ['-', '-', '-', 'purpose=triage', 'env=prod', 'hours(08-19 Europe/Paris)'][random(6)]!;
  const then = effect === 'deny' ? '-' : ['-', 'timeout=30s', 'log=full'][random(3)]!;
  const api = `https://api${n % 997}.example.com/v1/team${n}`;
  const kinds: readonly (readonly [action: string, pattern: string, resource: (k: number) => string])[] = [
    ['http:GET', `${api}/**`, (k) => `${api}/items/${k}`],
    ['http:POST', `https://*.tenant${n}.example.net/hooks/*`, (k) => `https://eu.tenant${n}.example.net/hooks/${k}`],
    ['fs:read', `/workspace/project${n}/**/*.md`, (k) => `/workspace/project${n}/docs/guide/${k}.md`],
    ['db:select', `db:main/table${n}`, () => `db:main/table${n}`],
    ['tool:call', `tool:suite${n % 331}/task${n}`, () => `tool:suite${n % 331}/task${n}`],
  ];
  const [action, pattern, resource] = kinds[n % kinds.length]!;
  const row = `p, role:bench, ${action}, ${pattern}, ${when}, ${effect}, ${then}`;
  return { row, action, resource, wildcard: pattern.includes('*') };
}

interface Workload {
  readonly text: string;
  /** Requests that come again and again, as those of an agent do. */
  readonly accesses: readonly Access[];
  /** Makes a request that was never made before. */
  readonly fresh: () => Access;
}

function makeWorkload(rules: number): Workload {
  const random = createRandom(rules);
  const made = Array.from({ length: rules }, (_, n) => makeRow(n, random));
  const wildcards = made.filter(({ wildcard }) => wildcard);
  const accessTo = ({ action, resource }: MadeRow, k: number): Access => ({
    action,
    resource: random(10) === 0 ? `${resource(k)}-unknown/x` : resource(k),
    attributes: new Map(),
  });
  const accesses = Array.from({ length: REQUESTS }, () => accessTo(made[random(rules)]!, random(100_000)));
  let count = 100_000;
  return {
    text: `g, ${AGENT}, role:bench\n${made.map(({ row }) => row).join('\n')}\n`,
    accesses,
    fresh: () => accessTo(wildcards[random(wildcards.length)]!, count++),
  };
}

/** Stock Casbin with the same model and the same functions, over every row. */
async function createStock({ rules, links }: PolicySnapshot): Promise<(access: Access) => boolean> {
  const compiler = createCellCompiler(VOCABULARY);
  const compiled = rules.map((placed) => compileRule(placed, compiler));
  const enforcer = await newEnforcer(newModelFromString(DEFAULT_MODEL));
  const sections = enforcer.getModel().model;
  sections.get('p')!.get('p')!.policy = compiled.map(({ cells }) => [...cells]);
  sections.get('g')!.get('g')!.policy = links.map((link) => [...link]);
  await enforcer.buildRoleLinks();
  const resources = new Map(compiled.map(({ resource }) => [resource.text, resource]));
  const conditions = new Map(compiled.map(({ condition }) => [condition.text, condition]));
  await enforcer.addFunction('actMatch', actionMatches);
  await enforcer.addFunction('objMatch', (parts: ResourceParts, cell: string) =>
    matchesResource(resources.get(cell)!, parts),
  );
  await enforcer.addFunction('when', (attributes: Access['attributes'], cell: string, eft: string) => {
    const verdict = conditions.get(cell)!.test({ context: CONTEXT, attributes });
    return verdict === 'undecided' ? eft === 'deny' : verdict;
  });
  await enforcer.addFunction('note', () => true);
  return (access) => enforcer.enforceSync(AGENT, access.action, splitCanonical(access.resource), access.attributes);
}

/** Microseconds of each call. */
function time(run: (access: Access) => unknown, accesses: readonly Access[], samples: number): Float64Array {
  const times = new Float64Array(samples);
  for (let i = 0; i < samples; i++) {
    const access = accesses[i % accesses.length]!;
    const start = performance.now();
    run(access);
    times[i] = (performance.now() - start) * 1_000;
  }
  return times;
}

interface Made {
  readonly load_ms: number;
  readonly point_ms: number;
  readonly explain_ms: number;
}

interface Subject extends Workload, Made {
  readonly snapshot: PolicySnapshot;
  /** One decision point with each engine, over slices of their own. */
  readonly decide: Readonly<Record<EngineName, (access: Access) => Decision>>;
}

function createSubject(rules: number): Subject {
  const workload = makeWorkload(rules);
  const loading = performance.now();
  const snapshot = loadPolicy({ policy: { file: 'bench.csv', text: workload.text } }, VOCABULARY, 1);
  const slicing = performance.now();
  const casbin = createDecisionPoint(structuredClone(snapshot.sliceFor(AGENT)), AGENT);
  const point_ms = round(performance.now() - slicing);
  const explaining = performance.now();
  createExplainer(snapshot).explain(AGENT, { ...workload.fresh(), resource: 'https://api7.example.com/v1/x' }, CONTEXT);
  const explain_ms = round(performance.now() - explaining);
  const deciding: EngineChoice = { engine: 'compiled', shadow: 1_000 };
  const compiled = createDecisionPoint({ ...structuredClone(snapshot.sliceFor(AGENT)), deciding }, AGENT);
  const decide = {
    casbin: (access: Access): Decision => casbin.decide([access], CONTEXT),
    compiled: (access: Access): Decision => compiled.decide([access], CONTEXT),
  };
  for (let i = 0; i < WARM_UP; i++) {
    const access = i % 2 === 0 ? workload.accesses[(i / 2) % REQUESTS]! : workload.fresh();
    for (const engine of ENGINES) decide[engine](access);
  }
  return { ...workload, snapshot, decide, load_ms: round(slicing - loading), point_ms, explain_ms };
}

interface Turn {
  readonly again: Float64Array;
  readonly fresh: Float64Array;
}

/** One pass over requests that come again, after one that is not timed, and one over requests that are new. */
function takeTurn({ decide, accesses, fresh }: Subject, engine: EngineName): Turn {
  for (const access of accesses) decide[engine](access);
  const again = time(decide[engine], accesses, REQUESTS);
  return { again, fresh: time(decide[engine], Array.from({ length: REQUESTS }, fresh), REQUESTS) };
}

async function measureBaseline({ snapshot, accesses, decide }: Subject): Promise<Baseline> {
  const stock = await createStock(snapshot);
  const before = performance.now();
  for (const access of accesses.slice(0, 3)) {
    const allowed = stock(access);
    if (ENGINES.some((engine) => (decide[engine](access).effect === 'allow') !== allowed))
      throw new Error(`the engines disagree on ${access.action} ${access.resource}`);
  }
  const each = (performance.now() - before) / 3;
  const samples = Math.min(MAX_SAMPLES, Math.max(20, Math.floor(BASELINE_BUDGET_MS / each)));
  return { name: 'casbin enforceSync over all rows', samples, ...figuresOf(time(stock, accesses, samples)) };
}

/** What a worker is asked for: samples of an engine, or the figures of stock Casbin. */
type Question = EngineName | 'baseline';

/** One size, in a worker of its own as a run has one. */
function serve(port: MessagePort, rules: number): void {
  const subject = createSubject(rules);
  const { load_ms, point_ms, explain_ms } = subject;
  port.postMessage({ load_ms, point_ms, explain_ms });
  port.on('message', (asked: Question) => {
    if (asked !== 'baseline') port.postMessage(takeTurn(subject, asked));
    else void measureBaseline(subject).then((baseline) => port.postMessage(baseline));
  });
}

/** The next message of a worker; its type is what the worker was asked for. */
async function answer<Value>(worker: Worker): Promise<Value> {
  const [value] = (await once(worker, 'message')) as [Value]; // `serve` answers each question with one message
  return value;
}

async function ask<Value>(worker: Worker, question: Question): Promise<Value> {
  worker.postMessage(question);
  return answer<Value>(worker);
}

/** The samples of one engine, microseconds. */
interface Samples {
  readonly again: number[];
  readonly fresh: number[];
}

interface Size {
  readonly rules: number;
  readonly worker: Worker;
  readonly made: Made;
  readonly samples: Readonly<Record<EngineName, Samples>>;
}

async function measure(): Promise<readonly Row[]> {
  const sizes: Size[] = [];
  for (const rules of SIZES) {
    const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2), workerData: { rules } });
    const samples = { casbin: { again: [], fresh: [] }, compiled: { again: [], fresh: [] } };
    sizes.push({ rules, worker, made: await answer(worker), samples });
  }
  // All sizes and both engines take turns, so that whatever else the machine does falls on all of them.
  for (let turn = 0; turn < TURNS; turn++) {
    for (const { worker, samples } of sizes) {
      for (const engine of ENGINES) {
        const turned = await ask<Turn>(worker, engine);
        samples[engine].again.push(...turned.again);
        samples[engine].fresh.push(...turned.fresh);
      }
    }
  }
  const rows: Row[] = [];
  for (const { rules, worker, samples, made } of sizes) {
    const baseline = await ask<Baseline>(worker, 'baseline');
    await worker.terminate();
    for (const engine of ENGINES) {
      const own = figuresOf(samples[engine].again);
      const first = rows.find((row) => row.engine === engine) ?? own;
      rows.push({
        ...{ engine, rules, ...own, growth: round(own.p50_us / first.p50_us) },
        ratio: Number((own.p50_us / baseline.p50_us).toPrecision(3)),
        ...{ baseline, fresh_p50_us: figuresOf(samples[engine].fresh).p50_us, ...made },
      });
    }
  }
  return rows.sort((a, b) => ENGINES.indexOf(a.engine) - ENGINES.indexOf(b.engine));
}

if (parentPort === null) {
  const note =
    'growth = p50 over p50 of the same engine at 10 rules; ratio = p50 over the p50 of stock Casbin over all rows';
  const rows = (await measure()).map(({ baseline, ...row }) => ({
    ...row,
    casbin_p50_us: baseline.p50_us,
    casbin_p99_us: baseline.p99_us,
    baseline,
  }));
  printResult('decision', rows, note);
} else serve(parentPort, (workerData as { rules: number }).rules); // `measure` passes exactly this
