import { spawn, type ChildProcess } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname, extname, join, sep } from 'node:path';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { RunLimits } from '../contracts/limits.ts';
import type { GuestEnd } from '../contracts/run-end.ts';
import { SOCKET } from './cell-frames.ts';
import { fencedCommand } from './fenced-command.ts';
import { readProcessUsage, type ProcessUsage } from './process-usage.ts';

/** A process for one guest, and this end of its socket. It knows nothing yet; its broker tells it. */
export interface CellProcess {
  /** Of the socket; it blocks, and stays open until `close`. */
  readonly descriptor: number;
  /** How the process ended, as the end of the run that it was for. */
  readonly gone: Promise<GuestEnd>;
  /** What it has used, as far as the system tells. */
  usage(): ProcessUsage | undefined;
  /** Ends it, and everything in it, at once. */
  kill(): void;
  /** Ends it. When this resolves it is gone, and the descriptor may mean something else. */
  close(): Promise<void>;
}

/** The limits that the system and the engine of a process enforce by themselves. */
export type ProcessLimits = Pick<RunLimits, 'cpuMs' | 'heapBytes' | 'stackBytes'>;

export interface CellProcessOptions {
  /** Of the run that it is for: CPU time, the JavaScript heap, the stack. */
  readonly limits: ProcessLimits;
  /** Where the system has bubblewrap, and it works: the process gets namespaces of its own. */
  readonly bubblewrap?: string;
}

const SELF = realpathSync(fileURLToPath(import.meta.url));
const ENTRY = join(dirname(SELF), `cell-process-child${extname(SELF)}`);
const STDERR_BYTES = 4096;
const KIB = 1024;
const MIB = 1_048_576;

/** Starts the process. Throws where the system cannot. */
export function startCellProcess(options: CellProcessOptions): CellProcess {
  const [command, ...args] = cellCommand(options, ENTRY);
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: {},
    cwd: sep,
    detached: true,
    shell: false,
  });
  const { promise: gone, resolve } = Promise.withResolvers<GuestEnd>();
  const stderr = tailOf(child.stdio[2] as Readable); // a pipe: see `stdio` above
  let handle: SocketHandle | undefined;
  let over = false;
  let closed: Promise<void> | undefined;

  function kill(): void {
    if (!over && child.pid !== undefined) killGroup(child.pid);
  }
  child.once('error', () => {
    over = true;
    resolve({ kind: 'fault', message: 'the process of the guest cannot be started' });
  });
  child.once('exit', (code, signal) => {
    over = true;
    resolve(endOf(code, signal, stderr()));
  });
  try {
    handle = takeSocket(child);
  } catch (error) {
    kill();
    throw error;
  }
  child.unref();
  const socket = handle;
  return Object.freeze({
    descriptor: socket.fd,
    gone,
    kill,
    usage: () =>
      over || child.pid === undefined ? undefined : readProcessUsage(child.pid, options.bubblewrap !== undefined),
    close: () => (closed ??= end()),
  });

  async function end(): Promise<void> {
    child.ref(); // somebody has to learn how it ended, or the system keeps it as a zombie
    kill();
    await gone;
    await new Promise<void>((done) => socket.close(done));
  }
}

/** How the process of a guest is started, also for whoever wants to try the fence itself. */
export const cellCommand = (
  { bubblewrap, limits: { cpuMs, heapBytes, stackBytes } }: CellProcessOptions,
  entry: string,
): [command: string, ...rest: string[]] =>
  fencedCommand({
    ...{ entry, cpuMs, bubblewrap },
    heapMebibytes: Math.floor(heapBytes / MIB),
    stackKibibytes: Math.floor(stackBytes / KIB),
  });

/** What the socket of a child is made of. Not public, so it is looked at before it is used. */
interface SocketHandle {
  readonly fd: number;
  setBlocking(blocking: boolean): number;
  readStop(): number;
  close(done: () => void): void;
}

/**
 * Takes the handle out of its stream: the stream would read from the socket, and close it when the process ends, while
 * another thread still has its number.
 */
function takeSocket(child: ChildProcess): SocketHandle {
  const stream = child.stdio[SOCKET];
  const handle: unknown = stream instanceof Socket && '_handle' in stream ? stream._handle : undefined;
  if (!(stream instanceof Socket) || !isSocketHandle(handle)) throw new Error('the process of the guest has no socket');
  handle.readStop();
  if (handle.setBlocking(true) !== 0) throw new Error('the socket of the guest does not block');
  Reflect.set(stream, '_handle', null);
  stream.destroy();
  return handle;
}

const isSocketHandle = (handle: unknown): handle is SocketHandle =>
  typeof handle === 'object' &&
  handle !== null &&
  'fd' in handle &&
  typeof handle.fd === 'number' &&
  handle.fd > 2 &&
  ['setBlocking', 'readStop', 'close'].every((name) => typeof Reflect.get(handle, name) === 'function');

function tailOf(stream: Readable): () => string {
  let tail = '';
  stream.on('error', () => undefined); // the end of the process is told by `exit`
  stream.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('latin1')).slice(-STDERR_BYTES);
  });
  if (stream instanceof Socket) stream.unref();
  return () => tail;
}

/** The engine ends a process with a full heap by `abort`; a shell tells a signal as a number above 128. */
function endOf(code: number | null, signal: NodeJS.Signals | null, stderr: string): GuestEnd {
  if (/heap out of memory|Reached heap limit|allocation failed/i.test(stderr))
    return { kind: 'limit', limit: 'heapBytes', message: 'the heap of the cell is full' };
  const how = signal ?? (code !== null && code > 128 ? `signal ${code - 128}` : `code ${code ?? 'unknown'}`);
  return { kind: 'trap', message: `the process of the guest ended (${how})` };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended before
  }
}
