import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { HostError } from '../contracts/errors.ts';
import { decodeFrame, encodeFrame, type Frame } from './frame.ts';
import { ANSWER_FD, type ChildRequest, type PrepareJob, type Toolchain } from './prepare-job.ts';
import { withoutPaths } from './printable.ts';
import { TRANSPILER } from './transpiler-version.ts';

/** What preparing may use. */
export interface PrepareBounds {
  readonly timeoutMs: number;
  readonly heapMebibytes: number;
  /** The most that the child may answer, bytes. */
  readonly answerBytes: number;
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

/**
 * Runs the preparing child for one component. The fence leaves it two folders to read: no writing, no network, no
 * processes, no threads, no add-ons, no environment.
 */
export async function prepareInChild(
  component: Uint8Array,
  job: PrepareJob,
  bounds: PrepareBounds,
  signal?: AbortSignal,
): Promise<Frame> {
  const { toolchain, folder } = findToolchain();
  const request: ChildRequest = { job, toolchain };
  signal?.throwIfAborted();
  const child = spawn(process.execPath, [...fence(folder, bounds.heapMebibytes), CHILD], {
    env: {},
    cwd: sep,
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const ended = await exchange(child, encodeFrame({ header: request, blobs: [component] }), bounds, signal);
  if (ended.code === 0) {
    try {
      return decodeFrame(ended.answer);
    } catch (error) {
      throw new HostError('ERR_PREPARE_FAILED', 'the preparing process gave no complete answer', { cause: error });
    }
  }
  throw failure(ended);
}

/** The flags under which a component is prepared, for whoever wants to try the fence itself. */
export const preparingFence = (): string[] => fence('/nonexistent', 1024);

function fence(modules: string, heapMebibytes: number): string[] {
  const host = dirname(dirname(SELF));
  return [
    '--permission',
    '--no-experimental-sqlite',
    '--disallow-code-generation-from-strings',
    '--no-warnings',
    `--max-old-space-size=${heapMebibytes}`,
    '--wasm-max-mem-pages=16384',
    ...[join(host, 'sandbox'), join(host, 'contracts'), modules].map((path) => `--allow-fs-read=${path}${sep}`),
  ];
}

/**
 * Finds the transpiler, and the folder of packages that it may read. It is an optional dependency: running prepared
 * agents needs none.
 */
function findToolchain(): { readonly toolchain: Toolchain; readonly folder: string } {
  const hints = [`npm install --save-optional ${TRANSPILER.package}@${TRANSPILER.version}`];
  const { resolve } = createRequire(import.meta.url);
  let entry: string;
  let toolchain: Toolchain;
  try {
    entry = resolve(`${TRANSPILER.package}/component`);
    const wasmTools = resolve(`${TRANSPILER.package}/wasm-tools`);
    toolchain = { bindgen: pathToFileURL(entry).href, wasmTools: pathToFileURL(wasmTools).href };
  } catch (cause) {
    const message = `preparing a component needs the package \`${TRANSPILER.package}\``;
    throw new HostError('ERR_TOOLCHAIN_MISSING', message, { hints, cause });
  }
  const found = versionAbove(entry);
  if (found !== TRANSPILER.version) {
    const message = `preparing needs version ${TRANSPILER.version} of \`${TRANSPILER.package}\`; installed is ${found ?? 'an unknown one'}`;
    throw new HostError('ERR_TOOLCHAIN_MISSING', message, { hints });
  }
  const marker = `${sep}node_modules${sep}`;
  const at = entry.indexOf(marker);
  return { toolchain, folder: at === -1 ? dirname(dirname(entry)) : entry.slice(0, at + marker.length - 1) };
}

function versionAbove(entry: string): string | undefined {
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (!existsSync(file)) continue;
    const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof manifest !== 'object' || manifest === null || !('name' in manifest) || !('version' in manifest))
      continue;
    if (manifest.name === TRANSPILER.package) return String(manifest.version);
  }
  return undefined;
}

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
function failure({ code, signal, stderr }: Ended): HostError {
  if (/heap out of memory|Reached heap limit|allocation failed/i.test(stderr) || code === 134 || signal === 'SIGABRT') {
    return new HostError('ERR_PREPARE_LIMIT', 'preparing the component took more memory than the limit');
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
