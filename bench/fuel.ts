/**
 * Measures what counting instructions (`limits.fuel`) costs: the CPU time of a guest that computes, in every language that
 * this machine can build. The baseline is the same guest without a counter, turn by turn.
 * Usage: `node bench/fuel.ts [--json] [--count N]`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { buildGuest } from '../src/build/build-guest.ts';
import { GUEST_LANGUAGES } from '../src/build/language.ts';
import { detectToolchains } from '../src/build/toolchains.ts';
import { loadHost } from './compiled-host.ts';
import { countOr, figuresOf, printResult, round, type Figures, type Row } from './measurement.ts';

const COUNT = countOr(9);
/** Below which number each guest counts the primes: a few tenths of a second without a counter. */
const MOST = { rust: '2000000', js: '100000', python: '40000' } as const;
const AGENTS = ['plain', 'counted'] as const;
type Agent = (typeof AGENTS)[number];

const { openHost } = await loadHost();

interface Measured {
  readonly plain: Figures;
  readonly counted: Figures;
  readonly fuel: number;
}

async function measure(directory: string, input: string): Promise<Measured> {
  const host = await openHost({ configuration: join(directory, 'sallyport.yaml'), workingDirectory: directory });
  const samples: Record<Agent, number[]> = { plain: [], counted: [] };
  const fuel = new Set<number>();
  for (let turn = -1; turn < COUNT; turn += 1) {
    for (const agent of AGENTS) {
      const { status, usage, error } = await host.run({ agent, input });
      if (status !== 'ok') throw new Error(`${agent}: ${JSON.stringify(error)}`);
      if (turn >= 0) samples[agent].push(usage.cpuMs * 1000); // the first turn prepares
      if (usage.fuel !== undefined) fuel.add(usage.fuel);
    }
  }
  await host.close();
  const [only = Number.NaN] = fuel;
  if (fuel.size !== 1) throw new Error(`the same run took ${[...fuel].join(', ')} instructions`);
  return { plain: figuresOf(samples.plain), counted: figuresOf(samples.counted), fuel: only };
}

const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
const rows: Row[] = [];
try {
  mkdirSync(join(directory, 'policy'));
  writeFileSync(join(directory, 'policy', 'policy.csv'), '');
  writeFileSync(
    join(directory, 'sallyport.yaml'),
    `version: 1
cell: thread
wasi: { clock: '2026-01-01T00:00:00Z', random: 'seed:00ff' }
agents:
  plain: { component: agent.wasm, limits: { cpu: 60s, wall: 120s } }
  counted: { component: agent.wasm, limits: { cpu: 60s, wall: 120s, fuel: 1000000000000 } }
`,
  );
  const toolchains = await detectToolchains();
  for (const language of GUEST_LANGUAGES) {
    if (!toolchains[language].available) {
      process.stderr.write(`left out ${language}: ${toolchains[language].howToGet}\n`);
      continue;
    }
    const source = join(import.meta.dirname, 'fuel-guests', language);
    await buildGuest({ language, directory: source, output: join(directory, 'agent.wasm') });
    const { plain, counted, fuel } = await measure(directory, MOST[language]);
    const ratio = round(counted.p50_us / plain.p50_us);
    rows.push({ language, ...counted, ratio, fuel, instructions_per_us: round(fuel / plain.p50_us), baseline: plain });
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
printResult('fuel', rows, 'CPU time of a guest that counts primes, its instructions counted; ratio: beside the same without a counter'); // prettier-ignore
