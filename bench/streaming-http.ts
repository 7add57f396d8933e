import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { buildGuest } from '../src/build/build-guest.ts';
import { loadHost } from './compiled-host.ts';
import { figuresOf, round, type Row } from './measurement.ts';
import { peakGrowth } from './memory-watch.ts';

const MIB = 1024 * 1024;
const PIECE = 256 * 1024;
const ROUNDS = 5;

/** Sends as many bytes as the path says; counts what it is sent. */
const SERVER = `
const piece = Buffer.alloc(256 * 1024, 'x');
const server = require('node:http').createServer((request, response) => {
  if (request.method === 'GET') {
    let left = Number(request.url.slice(1));
    response.writeHead(200, { 'content-length': left });
    const more = () => {
      while (left > 0) {
        const part = left < piece.length ? piece.subarray(0, left) : piece;
        left -= part.length;
        if (!response.write(part)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
    return;
  }
  let count = 0;
  request.on('data', (chunk) => (count += chunk.length));
  request.on('end', () => response.end(String(count)));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

interface World {
  readonly directory: string;
  readonly origin: string;
  close(): void;
}

async function makeWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
  const server = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<string>((resolve, reject) => {
    server.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    server.once('error', reject);
  });
  const origin = `http://127.0.0.1:${port}`;
  mkdirSync(join(directory, 'policy'));
  writeFileSync(join(directory, 'sallyport.yaml'), CONFIGURATION);
  writeFileSync(
    join(directory, 'policy', 'policy.csv'),
    `p, role:bench, http:GET, ${origin}/**, -, allow, -\np, role:bench, http:PUT, ${origin}/**, -, allow, -\ng, agent:bench, role:bench\n`,
  );
  return Object.freeze({
    directory,
    origin,
    close(): void {
      server.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  });
}

const CONFIGURATION = `version: 1
cell: thread
limits: { hostCalls: 1000000, wall: 600s, cpu: 600s }
agents:
  bench:
    component: bench.wasm
`;

/** Undici as a program would use it: reads pieces as they come, writes a generator of fresh ones. */
async function direct(operation: Operation, { origin }: World, bytes: number): Promise<number> {
  const dispatcher = new Agent();
  const started = performance.now();
  let count = 0;
  if (operation === 'stream-get') {
    const { body } = await request(`${origin}/${bytes}`, { dispatcher });
    for await (const chunk of body) count += (chunk as Buffer).length; // a body yields buffers
  } else {
    const { body } = await request(origin, {
      dispatcher,
      method: 'PUT',
      body: Readable.from(fresh(bytes), { objectMode: false }),
    });
    count = Number(await body.text());
  }
  const us = (performance.now() - started) * 1000;
  await dispatcher.close();
  if (count !== bytes) throw new Error(`${operation}: ${count} of ${bytes} bytes`);
  return us;
}

function* fresh(bytes: number): Generator<Uint8Array> {
  for (let left = bytes; left > 0; left -= PIECE) yield new Uint8Array(Math.min(PIECE, left)).fill(120);
}

type Operation = 'stream-get' | 'stream-put';
type Gated = (operation: Operation, bytes: number) => Promise<number>;

/** A Rust guest in a cell. The time is that of the effect, from its intent to its end, by the audit record. */
async function gated({ directory, origin }: World): Promise<Gated> {
  const component = join(directory, 'operations.wasm');
  const source = join(import.meta.dirname, '..', 'guest-examples', 'operations', 'rust');
  await buildGuest({ language: 'rust', directory: source, output: component });
  const { openHost } = await loadHost();
  const host = await openHost({ configuration: join(directory, 'sallyport.yaml'), workingDirectory: directory });
  return async (operation, bytes) => {
    const input = `${operation} ${bytes} ${origin}/${operation === 'stream-get' ? bytes : ''}`;
    const result = await host.run({ agent: 'bench', component, input, signal: new AbortController().signal });
    if (result.status !== 'ok' || result.audit === null) throw new Error(`${operation}: ${JSON.stringify(result)}`);
    const settled = readFileSync(result.audit, 'utf8')
      .split('\n')
      .find((line) => line.includes('"type":"effect.settled"'));
    const moved = Number(
      new RegExp(operation === 'stream-get' ? '"bytesIn":(\\d+)' : '"bytesOut":(\\d+)', 'u').exec(settled ?? '')?.[1],
    );
    if (moved !== bytes) throw new Error(`${operation}: ${moved} of ${bytes} bytes`);
    return Number(/"durationUs":(\d+)/u.exec(settled ?? '')?.[1]);
  };
}

/** Rows for `bytes` streamed through http, each way, beside direct Node in the same rounds. */
export async function measureHttpStreams(bytes: number): Promise<readonly Row[]> {
  const world = await makeWorld();
  try {
    const through = await gated(world);
    const rows: Row[] = [];
    for (const operation of ['stream-get', 'stream-put'] as const) {
      const times = { node: [] as number[], gated: [] as number[] };
      await direct(operation, world, bytes / 8);
      await through(operation, bytes / 8);
      // A cell brings memory of its own: what counts is what a long stream takes beyond a short one.
      let cell = 0;
      let growth = 0;
      for (let turn = 0; turn < ROUNDS; turn += 1) {
        times.node.push(await direct(operation, world, bytes));
        cell = Math.max(cell, await peakGrowth(() => through(operation, MIB)));
        growth = Math.max(growth, await peakGrowth(async () => times.gated.push(await through(operation, bytes))));
      }
      rows.push(...rowsOf(operation, bytes, times, { cell, growth }));
    }
    return rows;
  } finally {
    world.close();
  }
}

function rowsOf(
  operation: string,
  bytes: number,
  times: Readonly<Record<'node' | 'gated', readonly number[]>>,
  { cell, growth }: { readonly cell: number; readonly growth: number },
): readonly Row[] {
  const [baseline, own] = [figuresOf(times.node), figuresOf(times.gated)];
  const speed = ({ p50_us }: { p50_us: number }) => round(bytes / MIB / (p50_us / 1e6));
  const size = { operation: `http ${operation}`, mib: bytes / MIB };
  return [
    { ...size, way: 'node', ...baseline, mib_per_s: speed(baseline) },
    {
      ...size,
      way: 'rust guest',
      ...own,
      mib_per_s: speed(own),
      ratio: round(baseline.p50_us / own.p50_us),
      rss_growth_mib: round(Math.max(0, growth - cell) / MIB),
      rss_of_a_cell_mib: round(cell / MIB),
      baseline,
    },
  ];
}
