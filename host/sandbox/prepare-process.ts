import { spawn, type ChildProcess } from 'node:child_process';
import { dirname, extname, join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { HostError } from '../contracts/errors.ts';
import { isCoreModule } from './component-source.ts';
import { fencedCommand } from './fenced-command.ts';
import { findToolchain } from './find-toolchain.ts';
import { decodeFrame, encodeFrame, type Frame } from './frame.ts';
import { ANSWER_FD, type ChildRequest, type PrepareJob } from './prepare-job.ts';
import { withoutPaths } from './printable.ts';
import { readProcessUsage } from './process-usage.ts';

/** What preparing may use. */
export interface PrepareBounds {
  readonly timeoutMs: number;
  readonly heapMebibytes: number;
  /** The most memory of the child, with all that the engine takes, bytes. Held where the system tells it (Linux). */
  readonly residentBytes: number;
  /** The most that the child may answer, bytes. */
  readonly answerBytes: number;
  /** Where the system has bubblewrap, and it works: the child gets namespaces of its own. */
  readonly bubblewrap?: string | undefined;
}

/** How the child ended, if not with an answer. */
interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly answer: Buffer;
}

const SELF = fileURLToPath(import.meta.url);
const CHILD = join(dirname(SELF), `prepare-child${extname(SELF)}`);
const STDERR_BYTES = 16_384;
/** No memory that is part of what is prepared is larger than 1 GiB. */
const ENGINE = ['--wasm-max-mem-pages=16384'];
const WATCH_MS = 50;
const MIB = 1_048_576;

/**
 * Runs the preparing child for one component. The fence leaves it its own program to read, and the transpiler where it
 * is needed: no writing, no network, no processes, no threads, no add-ons, no environment.
 */
export async function prepareInChild(
  component: Uint8Array,
  job: PrepareJob,
  bounds: PrepareBounds,
  signal?: AbortSignal,
): Promise<Frame> {
  const found = isCoreModule(component) ? undefined : findToolchain();
  const request: ChildRequest = { job, ...(found === undefined ? {} : { toolchain: found.toolchain }) };
  signal?.throwIfAborted();
  const [command, ...args] = preparingCommand(bounds, CHILD, found === undefined ? [] : [found.folder]);
  const child = spawn(command, args, { env: {}, cwd: sep, stdio: ['pipe', 'ignore', 'pipe', 'pipe'] });
  const ended = await exchange(child, encodeFrame({ header: request, blobs: [component] }), bounds, signal);
  if (ended.code === 0) {
    try {
      return decodeFrame(ended.answer);
    } catch (error) {
      throw new HostError('ERR_PREPARE_FAILED', 'the preparing process gave no complete answer', { cause: error });
    }
  }
  throw failure(ended, bounds);
}

/** How the child is started, also for whoever wants to try the fence itself. */
export const preparingCommand = (
  { timeoutMs, heapMebibytes, bubblewrap }: Pick<PrepareBounds, 'timeoutMs' | 'heapMebibytes' | 'bubblewrap'>,
  entry: string,
  folders: readonly string[] = [],
): [command: string, ...rest: string[]] =>
  fencedCommand({ entry, folders, flags: ENGINE, cpuMs: timeoutMs, heapMebibytes, bubblewrap });

async function exchange(
  child: ChildProcess,
  request: readonly Uint8Array[],
  bounds: PrepareBounds,
  signal?: AbortSignal,
): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  const stop = (error: Error): void => {
    reject(error);
    child.kill('SIGKILL');
  };
  const late = new HostError('ERR_PREPARE_LIMIT', `preparing the component took longer than ${bounds.timeoutMs} ms`);
  const timer = setTimeout(stop, bounds.timeoutMs, late);
  const abort = (): void => stop(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
  signal?.addEventListener('abort', abort, { once: true });
  const watch = setInterval(() => {
    const { pid } = child;
    const usage = pid === undefined ? undefined : readProcessUsage(pid, bounds.bubblewrap !== undefined);
    if (usage !== undefined && usage.residentBytes > bounds.residentBytes) stop(tooMuchMemory(bounds));
  }, WATCH_MS);

  const answer = collect(child.stdio[ANSWER_FD] as Readable, bounds.answerBytes, () =>
    // a pipe: see `stdio` above
    stop(new HostError('ERR_PREPARE_LIMIT', 'the prepared component is larger than the limit')),
  );
  const stderr = collect(child.stdio[2] as Readable, STDERR_BYTES); // a pipe: see `stdio` above
  child.once('error', (error) =>
    reject(new HostError('ERR_PREPARE_FAILED', 'the preparing process cannot be started', { cause: error })),
  );
  child.once('close', (code, killedBy) =>
    resolve({ code, signal: killedBy, stderr: stderr().toString(), answer: answer() }),
  );
  child.stdin?.on('error', () => undefined); // a child that ended early is reported by `close`
  for (const part of request) child.stdin?.write(part);
  child.stdin?.end();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    signal?.removeEventListener('abort', abort);
  }
}

/** Keeps the first `max` bytes of a stream and drains the rest. */
function collect(stream: Readable, max: number, onExcess?: () => void): () => Buffer {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('error', () => undefined); // the end of the child is reported by `close`
  stream.on('data', (chunk: Buffer) => {
    if (length + chunk.length > max) onExcess?.();
    else chunks.push(chunk);
    length += chunk.length;
  });
  return () => Buffer.concat(chunks);
}

/** A child that ended without an answer: out of memory, or crashed on what it was given. */
function failure({ code, signal, stderr }: Ended, bounds: PrepareBounds): HostError {
  if (/heap out of memory|Reached heap limit|allocation failed/i.test(stderr) || code === 134 || signal === 'SIGABRT') {
    return tooMuchMemory(bounds);
  }
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const telling = lines.find((line) => /Error|panicked/.test(line)) ?? lines[0] ?? '';
  return new HostError(
    'ERR_PREPARE_FAILED',
    `the preparing process ended with ${signal ?? `code ${code ?? 'unknown'}`}`,
    {
      hints: telling === '' ? [] : [withoutPaths(telling, 300)],
    },
  );
}

const tooMuchMemory = ({ residentBytes, heapMebibytes }: PrepareBounds): HostError =>
  new HostError(
    'ERR_PREPARE_LIMIT',
    `preparing the component took more memory than the limit (${Math.floor(residentBytes / MIB)} MiB, in the heap ${heapMebibytes} MiB)`,
  );
