/**
 * Measures how long an agent takes to its first effect: with an empty cache (cold), prepared, prepared and in a process of
 * its own, and from a cell that was opened ahead (pooled, in a thread and in a process), in every language that this
 * machine can build. The baseline is the start of an empty Node process. And what the fence around the processes of guests
 * and of preparing costs, with bubblewrap and without. Usage: `node bench/start.ts [--json] [--count N]`.
 *
 * The time runs from the call of `run` to the intent of the first effect in the audit record (milliseconds there).
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { buildGuest } from '../src/build/build-guest.ts';
import { GUEST_LANGUAGES } from '../src/build/language.ts';
import { detectToolchains } from '../src/build/toolchains.ts';
import { DEFAULT_LIMITS } from '../host/contracts/limits.ts';
import { findBubblewrap } from '../host/powers/sandbox-spares.ts';
import { cellCommand } from '../host/sandbox/cell-process.ts';
import { loadHost, programOfHost } from './compiled-host.ts';
import { countOr, figuresOf, printResult, round, sample, type Figures, type Row } from './measurement.ts';

const COLD = countOr(3);
const CACHED = countOr(20);
const example = join(import.meta.dirname, '..', 'guest-examples', 'hello');
const { openHost } = await loadHost();

type Host = Awaited<ReturnType<typeof openHost>>;
type Cell = 'thread' | 'process';
type Times = { readonly first: number; readonly whole: number };

const open = (directory: string): Promise<Host> =>
  openHost({ configuration: join(directory, 'sallyport.yaml'), workingDirectory: directory });

/** Microseconds from the call of `run` to the first effect, and to the end. */
async function once(host: Host, component: string, cell: Cell): Promise<Times> {
  const started = performance.now();
  const startedAt = performance.timeOrigin + started;
  const result = await host.run({ component, input: 'bench', cell });
  const whole = (performance.now() - started) * 1000;
  if (result.status !== 'ok' || result.audit === null) throw new Error(JSON.stringify(result));
  const line = readFileSync(result.audit, 'utf8')
    .split('\n')
    .find((text) => text.includes('"type":"effect.intended"'));
  const at = /"time":"([^"]+)"/.exec(line ?? '')?.[1] ?? '';
  return { first: (Date.parse(at) - startedAt) * 1000, whole };
}

/** Each in a host of its own. */
async function alone(directory: string, component: string): Promise<Times> {
  const host = await open(directory);
  const times = await once(host, component, 'thread');
  await host.close();
  return times;
}

async function times(count: number, turn: () => Promise<Times>): Promise<{ first: Figures; whole: Figures }> {
  const taken: Times[] = [];
  for (let index = 0; index < count; index += 1) taken.push(await turn());
  return { first: figuresOf(taken.map(({ first }) => first)), whole: figuresOf(taken.map(({ whole }) => whole)) };
}

async function measure(directory: string, component: string): Promise<Record<string, Figures>> {
  const cold = await times(COLD, () => {
    rmSync(join(directory, '.sallyport', 'cache'), { recursive: true, force: true });
    return alone(directory, component);
  });
  const cached = await times(CACHED, () => alone(directory, component));
  const host = await open(directory);
  await once(host, component, 'process'); // the fence is tried once for each host
  const fenced = await times(CACHED, () => once(host, component, 'process'));
  const fromPool = async (cell: Cell): Promise<Figures> => {
    const { first } = await times(CACHED, async () => {
      await host.warm({ component, cells: 1, cell });
      return once(host, component, cell);
    });
    return first;
  };
  const pooled = await fromPool('thread');
  const pooledProcess = await fromPool('process');
  await host.close();
  return {
    cold: cold.first,
    cached: cached.first,
    whole: cached.whole,
    process: fenced.first,
    pooled,
    'pooled process': pooledProcess,
  };
}

/** A process behind the fence of guests whose program does nothing, turn by turn with and without bubblewrap. */
function measureFence(empty: Figures): Row[] {
  const found = findBubblewrap();
  const kinds = [
    ['fence', undefined],
    ...(found === undefined ? [] : [['fence, bubblewrap', found] as const]),
  ] as const;
  const samples = kinds.map((): number[] => []);
  for (let turn = -1; turn < CACHED; turn += 1)
    for (const [index, [, bubblewrap]] of kinds.entries()) {
      const options = { limits: DEFAULT_LIMITS, ...(bubblewrap === undefined ? {} : { bubblewrap }) };
      const [command, ...args] = cellCommand(options, programOfHost('sandbox/cell-frames.js'));
      const started = performance.now();
      const { status, stderr } = spawnSync(command, args, { env: {}, cwd: '/' });
      if (status !== 0) throw new Error(stderr.toString());
      if (turn >= 0) samples[index]?.push((performance.now() - started) * 1000);
    }
  return kinds.map(([what], index) => {
    const figures = figuresOf(samples[index] ?? []);
    return { language: '-', what, ...figures, ratio: round(figures.p50_us / empty.p50_us), baseline: empty };
  });
}

const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
const rows: Row[] = [];
try {
  for (const name of ['policy', 'workspace']) cpSync(join(example, name), join(directory, name), { recursive: true });
  const configuration = readFileSync(join(example, 'sallyport.yaml'), 'utf8');
  writeFileSync(join(directory, 'sallyport.yaml'), `${configuration}cell: thread\n`);
  const baseline = await sample(10, 1, () => spawnSync(process.execPath, ['-e', '0']));
  rows.push(...measureFence(baseline));
  const toolchains = await detectToolchains();
  for (const language of GUEST_LANGUAGES) {
    if (!toolchains[language].available) {
      process.stderr.write(`left out ${language}: ${toolchains[language].howToGet}\n`);
      continue;
    }
    const component = join(directory, `hello-${language}.wasm`);
    await buildGuest({ language, directory: join(example, language), output: component });
    for (const [what, figures] of Object.entries(await measure(directory, component))) {
      rows.push({ language, what, ...figures, ratio: round(figures.p50_us / baseline.p50_us), baseline });
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
printResult(
  'start',
  rows,
  'cold, cached, in a process, from a pool: to the first effect; whole: cached, to the end; fence: start and end of a process that does nothing; ratio: beside the start of an empty Node process',
);
