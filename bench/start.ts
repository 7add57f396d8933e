/**
 * Measures how long an agent takes to its first effect: once with an empty cache (cold), then prepared, in every language
 * that this machine can build. The baseline is the start of an empty Node process. Usage: `node bench/start.ts [--json]`.
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
import { loadHost } from './compiled-host.ts';
import { figuresOf, printResult, round, sample, type Figures, type Row } from './measurement.ts';

const COLD = 3;
const CACHED = 20;
const example = join(import.meta.dirname, '..', 'guest-examples', 'hello');
const { openHost } = await loadHost();

/** Microseconds from the call of `run` to the first effect, and to the end. */
async function once(directory: string, component: string): Promise<{ first: number; whole: number }> {
  const host = await openHost({ configuration: join(directory, 'sallyport.yaml'), workingDirectory: directory });
  const started = performance.now();
  const startedAt = performance.timeOrigin + started;
  const result = await host.run({ component, input: 'bench', signal: new AbortController().signal });
  const whole = (performance.now() - started) * 1000;
  if (result.status !== 'ok' || result.audit === null) throw new Error(JSON.stringify(result));
  const line = readFileSync(result.audit, 'utf8')
    .split('\n')
    .find((text) => text.includes('"type":"effect.intended"'));
  const at = /"time":"([^"]+)"/.exec(line ?? '')?.[1] ?? '';
  return { first: (Date.parse(at) - startedAt) * 1000, whole };
}

async function measure(
  directory: string,
  component: string,
): Promise<{ cold: Figures; cached: Figures; whole: Figures }> {
  const cold: number[] = [];
  for (let turn = 0; turn < COLD; turn += 1) {
    rmSync(join(directory, '.sallyport', 'cache'), { recursive: true, force: true });
    cold.push((await once(directory, component)).first);
  }
  const cached: { first: number; whole: number }[] = [];
  for (let turn = 0; turn < CACHED; turn += 1) cached.push(await once(directory, component));
  return {
    cold: figuresOf(cold),
    cached: figuresOf(cached.map(({ first }) => first)),
    whole: figuresOf(cached.map(({ whole }) => whole)),
  };
}

const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
const rows: Row[] = [];
try {
  for (const name of ['policy', 'workspace']) cpSync(join(example, name), join(directory, name), { recursive: true });
  const configuration = readFileSync(join(example, 'sallyport.yaml'), 'utf8');
  writeFileSync(join(directory, 'sallyport.yaml'), `${configuration}cell: thread\n`);
  const baseline = await sample(10, 1, () => spawnSync(process.execPath, ['-e', '0']));
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
  'cold and cached: to the first effect; whole: cached, to the end of the run; ratio: beside the start of an empty Node process',
);
