/**
 * Keeps many agents alive at once in one host, each waiting for a server, and measures the memory of one. Usage:
 * `node bench/density.ts [--json] [--count N]`. The baseline is the host after one of each has come and gone.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildGuest } from '../src/build/build-guest.ts';
import { detectToolchains } from '../src/build/toolchains.ts';
import { loadHost } from './compiled-host.ts';
import { countOr, figuresOf, printResult, round, type Row } from './measurement.ts';

const ROW = '--row';
type Cell = 'shared' | 'thread';
const AGENTS = { shared: countOr(1000), thread: countOr(100) } as const;
const example = join(import.meta.dirname, '..', 'guest-examples', 'waiting');
const { openHost } = await loadHost();

const waiting: (() => void)[] = [];
const server = createServer((_, response) => void waiting.push(() => response.end('go')));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

async function measure(cell: Cell, components: readonly string[], what: string): Promise<Row> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
  const agents = components.map((component, index) => {
    const digest = createHash('sha256').update(readFileSync(component)).digest('hex');
    return `  a${index}: { component: ${component}, digest: 'sha256:${digest}', cell: ${cell}, limits: { wall: 1h } }`;
  });
  mkdirSync(join(directory, 'policy'));
  writeFileSync(join(directory, 'policy', 'policy.csv'), `p, role:any, http:GET, ${url}**, -, allow, -\n`);
  const timeouts = 'http: { timeouts: { connectMs: 60000, firstByteMs: 600000, totalMs: 600000 } }';
  writeFileSync(join(directory, 'sallyport.yaml'), `version: 1\n${timeouts}\nagents:\n${agents.join('\n')}\n`);
  const host = await openHost({ configuration: join(directory, 'sallyport.yaml'), workingDirectory: directory });
  for (const index of components.keys()) {
    const first = host.run({ agent: `a${index}`, input: url });
    while (waiting.length === 0) await sleep(2);
    waiting.pop()?.();
    await first;
  }
  const before = process.memoryUsage.rss();
  const samples: number[] = [];
  const runs: Promise<string>[] = [];
  for (let index = 0; index < AGENTS[cell]; index += 1) {
    const started = performance.now();
    const run = host.run({ agent: `a${index % components.length}`, input: url });
    runs.push(run.then(({ status, error }) => error?.message ?? status));
    while (waiting.length <= index) {
      const ended = await Promise.race([...runs, sleep(2).then(() => '')]);
      if (ended !== '') throw new Error(`a run ended early: ${ended}`);
    }
    samples.push((performance.now() - started) * 1000);
  }
  const grown = process.memoryUsage.rss() - before;
  for (const answer of waiting.splice(0)) answer();
  const failed = (await Promise.all(runs)).filter((status) => status !== 'ok');
  if (failed.length > 0) throw new Error(`${failed.length} runs failed: ${failed[0] ?? ''}`);
  await host.close();
  rmSync(directory, { recursive: true, force: true });
  const mib = grown / (1 << 20);
  return {
    cell,
    what,
    agents: AGENTS[cell],
    ...figuresOf(samples),
    mibEach: round(mib / AGENTS[cell]),
    mib: round(mib),
  };
}

const [flag, cell = '', what = '', ...given] = process.argv.slice(2);
if (flag === ROW)
  process.stdout.write(JSON.stringify(await measure(cell as Cell, componentsIn(given), what))); // this file started itself
else await measureAll();
server.close();

function componentsIn(args: readonly string[]): readonly string[] {
  return args.filter((arg) => arg.endsWith('.wasm'));
}

/** Each row in a process of its own: what one has freed would be room for the next. */
async function measureAll(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
  const rows: Row[] = [];
  const add = (of: Cell, kind: string, components: readonly string[]): void => {
    const counted = process.argv.slice(process.argv.indexOf('--count') < 0 ? process.argv.length : -2);
    const args = [process.argv[1] ?? '', ROW, of, kind, ...components, ...counted];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    rows.push(JSON.parse(stdout) as Row); // printed by the line above
  };
  try {
    const toolchains = await detectToolchains();
    const components: string[] = [];
    for (const language of ['rust', 'js'] as const) {
      if (!toolchains[language].available) {
        process.stderr.write(`left out ${language}: ${toolchains[language].howToGet}\n`);
        continue;
      }
      const output = join(directory, `waiting-${language}.wasm`);
      await buildGuest({ language, directory: join(example, language), output });
      components.push(output);
      add('shared', language, [output]);
    }
    add('shared', 'mixed', components);
    add('thread', 'mixed', components);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const note = 'live agents that wait; time: from the start of one until it waits; memory: what the host grew by';
  printResult('density', rows, note);
}
