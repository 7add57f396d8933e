import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { extname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DEFAULT_LIMITS } from '../contracts/limits.ts';
import { cellCommand } from './cell-process.ts';
import { fencedCommand } from './fenced-command.ts';
import { preparingCommand } from './prepare-process.ts';

/** One thing that a fenced process tried, and whether it was denied. */
export interface FenceCheck {
  readonly name: string;
  readonly denied: boolean;
  /** Whether what the fence is for rests on it. */
  readonly needed: boolean;
  readonly detail: string;
}

/** A fence: how a program is started behind it. */
export type Fence = (entry: string) => readonly [command: string, ...rest: string[]];

const NAMES: ReadonlyMap<string, string> = new Map([
  ['readFile', 'reads no file of the machine'],
  ['writeFile', 'writes no file'],
  ['spawn', 'starts no process'],
  ['thread', 'starts no thread'],
  ['sqlite', 'opens no database'],
  ['network', 'reaches no network'],
  ['listen', 'is reached by no network'],
  ['localSocket', 'reaches no socket of the machine'],
  ['datagram', 'sends no datagram'],
  ['names', 'asks for no name'],
  ['inspector', 'opens no inspector'],
  ['code', 'makes no code from text'],
  ['addon', 'loads no native code'],
  ['foreign', 'calls no foreign functions'],
  ['signal', 'sends no signal to the host'],
]);
/** Node's permission model lets signals pass; a namespace of process ids does not. */
const NOT_NEEDED: ReadonlySet<string> = new Set(['signal']);

/** Behind it, components are prepared. */
export const preparingFence =
  (bubblewrap: string | undefined): Fence =>
  (entry) =>
    preparingCommand({ timeoutMs: TIMEOUT_MS, heapMebibytes: HEAP_MEBIBYTES, bubblewrap }, entry);

/** Behind it, guests run in processes of their own. */
export const processFence =
  (bubblewrap: string | undefined): Fence =>
  (entry) =>
    cellCommand(
      {
        limits: { ...DEFAULT_LIMITS, cpuMs: TIMEOUT_MS },
        ...(bubblewrap === undefined ? {} : { bubblewrap }),
      },
      entry,
    );

const TIMEOUT_MS = 15_000;
const HEAP_MEBIBYTES = 256;
const CHILD = fileURLToPath(new URL(`./fence-probe-child${extname(import.meta.url)}`, import.meta.url));

/** Starts a fresh process behind a fence and lets it try what it must not be able to do. */
export async function probeFence(fence: Fence): Promise<readonly FenceCheck[]> {
  const listener = createServer((socket) => socket.destroy());
  const port = await new Promise<number>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  try {
    const results = await runProbe(fence, port);
    return [...NAMES].map(([key, name]) => {
      const outcome = results.get(key) ?? 'the probe gave no answer';
      const denied = outcome === 'denied';
      return { name, denied, needed: !NOT_NEEDED.has(key), detail: denied ? 'tried, and denied' : outcome };
    });
  } finally {
    listener.close();
  }
}

/** Whether the engine starts in namespaces of its own here. Much faster than to try every part of the fence. */
export async function startsInNamespaces(bubblewrap: string): Promise<boolean> {
  const program = { cpuMs: TIMEOUT_MS, heapMebibytes: HEAP_MEBIBYTES, flags: ['--version'], entry: CHILD, bubblewrap };
  const [command, ...args] = fencedCommand(program);
  try {
    const { stdout } = await promisify(execFile)(command, args, { env: {}, cwd: '/', timeout: TIMEOUT_MS });
    return stdout.trim() === process.version;
  } catch {
    return false;
  }
}

async function runProbe(fence: Fence, port: number): Promise<ReadonlyMap<string, string>> {
  const [command, ...args] = [...fence(CHILD), String(port), String(process.pid)];
  try {
    const { stdout } = await promisify(execFile)(command, args, { env: {}, cwd: '/', timeout: TIMEOUT_MS });
    const answer: unknown = JSON.parse(stdout);
    const entries = typeof answer === 'object' && answer !== null ? Object.entries(answer) : [];
    return new Map(entries.map(([name, outcome]) => [name, String(outcome)]));
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return new Map([...NAMES.keys()].map((name) => [name, `the probe could not run: ${reason}`]));
  }
}
