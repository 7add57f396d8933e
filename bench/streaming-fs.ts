import {
  closeSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { buildGuest } from '../src/build/build-guest.ts';
import { loadHost } from './compiled-host.ts';
import { figuresOf, round, type Row } from './measurement.ts';
import { peakGrowth } from './memory-watch.ts';

const MIB = 1024 * 1024;
const PIECE = MIB;
const ROUNDS = 5;

type Operation = 'stream-read' | 'stream-write';
/** `plain`: records hold no digest of what was written. */
type Folder = 'workspace' | 'plain';
type Way = (operation: Operation, bytes: number) => Promise<number>;

interface World {
  readonly directory: string;
  /** A file in the workspace. */
  path(name: string): string;
  close(): void;
}

function makeWorld(): World {
  // In memory where that is to be had: a disk would hide what the gate costs.
  const directory = mkdtempSync(join(process.platform === 'linux' ? '/dev/shm' : tmpdir(), 'sallyport-bench-'));
  for (const folder of ['workspace', 'plain'] satisfies Folder[]) mkdirSync(join(directory, folder));
  mkdirSync(join(directory, 'policy'));
  writeFileSync(join(directory, 'sallyport.yaml'), CONFIGURATION);
  writeFileSync(join(directory, 'policy', 'policy.csv'), POLICY);
  return Object.freeze({
    directory,
    path: (name: string) => join(directory, 'workspace', name),
    close: () => rmSync(directory, { recursive: true, force: true }),
  });
}

const CONFIGURATION = `version: 1
cell: thread
limits: { hostCalls: 1000000, wall: 600s, cpu: 600s }
agents:
  bench:
    component: bench.wasm
mounts:
  /workspace: { directory: workspace, access: rw, maxFileBytes: 1099511627776 }
  /plain: { directory: plain, access: rw, maxFileBytes: 1099511627776, digests: false }
`;
const POLICY = `p, role:bench, fs:read, /workspace/**, -, allow, -
p, role:bench, fs:write, /workspace/**, -, allow, -
p, role:bench, fs:write, /plain/**, -, allow, -
g, agent:bench, role:bench
`;

/** Streams of Node, as a program would use them, in pieces of the same size. */
function streamsOf(world: World): Way {
  return async (operation, bytes) => {
    const started = performance.now();
    if (operation === 'stream-read') {
      let count = 0;
      for await (const chunk of createReadStream(world.path('data'), { highWaterMark: PIECE }))
        count += (chunk as Buffer).length; // a stream without an encoding yields buffers
      check(count, bytes);
    } else {
      await pipeline(Readable.from(pieces(bytes)), createWriteStream(world.path('node')));
      check(statSync(world.path('node')).size, bytes);
    }
    return (performance.now() - started) * 1000;
  };
}

/** The least that Node can do: synchronous calls on one descriptor with one buffer. */
function callsOf(world: World): Way {
  const buffer = new Uint8Array(PIECE).fill(120);
  return (operation, bytes) => {
    const started = performance.now();
    const descriptor = openSync(
      world.path(operation === 'stream-read' ? 'data' : 'node'),
      operation === 'stream-read' ? 'r' : 'w',
    );
    let count = 0;
    while (count < bytes) {
      count +=
        operation === 'stream-read' ? readSync(descriptor, buffer, 0, PIECE, count) : writeSync(descriptor, buffer);
    }
    closeSync(descriptor);
    check(count, bytes);
    return Promise.resolve((performance.now() - started) * 1000);
  };
}

function* pieces(bytes: number): Generator<Uint8Array> {
  const piece = new Uint8Array(PIECE).fill(120);
  for (let left = bytes; left > 0; left -= PIECE) yield piece.subarray(0, Math.min(PIECE, left));
}

/** A Rust guest in a cell. The time is from its first intent to its last outcome, by the audit record. */
async function guestsOf(world: World): Promise<(folder: Folder) => Way> {
  const component = join(world.directory, 'operations.wasm');
  const source = join(import.meta.dirname, '..', 'guest-examples', 'operations', 'rust');
  await buildGuest({ language: 'rust', directory: source, output: component });
  const { openHost } = await loadHost();
  const configuration = join(world.directory, 'sallyport.yaml');
  const host = await openHost({ configuration, workingDirectory: world.directory });
  return (folder) => async (operation, bytes) => {
    const name = operation === 'stream-read' ? 'data' : 'guest';
    const input = `${operation} ${bytes} /${folder}/${name}`;
    const result = await host.run({ agent: 'bench', component, input, signal: new AbortController().signal });
    if (result.status !== 'ok' || result.audit === null) throw new Error(`${operation}: ${JSON.stringify(result)}`);
    check(Number(result.output), bytes);
    check(statSync(join(world.directory, folder, name)).size, bytes);
    const times = readFileSync(result.audit, 'utf8')
      .split('\n')
      .filter((line) => /"type":"effect\.(intended|settled)"/.test(line))
      .map((line) => Number(/"mono":(\d+)/.exec(line)?.[1]));
    return (times.at(-1) ?? Number.NaN) - (times[0] ?? Number.NaN);
  };
}

function check(count: number, bytes: number): void {
  if (count !== bytes) throw new Error(`${count} of ${bytes} bytes`);
}

/** Rows for `bytes` streamed through fs, each way, beside direct Node in the same rounds. */
export async function measureFsStreams(bytes: number): Promise<readonly Row[]> {
  const world = makeWorld();
  try {
    const guest = await guestsOf(world);
    const direct: readonly (readonly [string, Way])[] = [
      ['node', streamsOf(world)],
      ['node, bare calls', callsOf(world)],
      ['rust guest', guest('workspace')],
    ];
    const plain = ['rust guest, no digests', guest('plain')] as const;
    return [
      ...(await measure(world, 'stream-read', bytes, direct)),
      ...(await measure(world, 'stream-write', bytes, [...direct, plain])),
    ];
  } finally {
    world.close();
  }
}

async function measure(
  world: World,
  operation: Operation,
  bytes: number,
  ways: readonly (readonly [string, Way])[],
): Promise<readonly Row[]> {
  const samples = ways.map(([name, way]) => ({ name, way, times: [] as number[], growth: 0 }));
  writeFileSync(world.path('data'), Buffer.alloc(operation === 'stream-read' ? bytes : 0, 'x'));
  for (let turn = -1; turn < ROUNDS; turn += 1) {
    for (const one of samples) {
      let us = 0;
      const grown = await peakGrowth(async () => (us = await one.way(operation, bytes)));
      for (const name of ['workspace/node', 'workspace/guest', 'plain/guest'])
        rmSync(join(world.directory, name), { force: true });
      if (turn < 0) continue; // the first round warms up
      one.times.push(us);
      one.growth = Math.max(one.growth, grown);
    }
  }
  return rowsOf(operation, bytes, samples);
}

function rowsOf(
  operation: Operation,
  bytes: number,
  samples: readonly { readonly name: string; readonly times: readonly number[]; readonly growth: number }[],
): readonly Row[] {
  const baseline = figuresOf(samples[0]?.times ?? []);
  return samples.map(({ name, times, growth }) => {
    const own = figuresOf(times);
    const speed = { mib_per_s: round(bytes / MIB / (own.p50_us / 1e6)), ratio: round(baseline.p50_us / own.p50_us) };
    const row = { operation: `fs ${operation}`, mib: bytes / MIB, way: name, ...own, ...speed };
    return name.startsWith('node') ? row : { ...row, rss_growth_mib: round(growth / MIB), baseline };
  });
}
