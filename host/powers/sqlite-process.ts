import { spawn, type ChildProcess } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname, extname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { HostError } from '../contracts/errors.ts';
import type { ProcessLedger } from '../contracts/powers.ts';
import { createChannel } from './sqlite-channel.ts';
import {
  decodeResponse,
  encodeRequest,
  maxFrameBytes,
  SOCKET,
  timeOf,
  type ProcessRequest,
  type ProcessResponse,
  type ProcessSettings,
} from './sqlite-frames.ts';

/** How a request ended: answered, or with the process. */
export type Exchange = Exclude<ProcessResponse, { kind: 'fault' }> | { readonly kind: 'timed-out' | 'gone' };

/**
 * The client of one database process. It blocks its thread until the answer is there. A statement that outlives its time
 * takes the process with it (its second thread sees to that), and the supervisor of the cell kills it where the run is
 * over: either way this end reads the end of the stream.
 */
export interface DatabaseProcess {
  request(request: Exclude<ProcessRequest, { kind: 'open' }>): Exchange;
  readonly isOver: () => boolean;
  /** Ends the process at once; SQLite's journal undoes what was not committed. Resolves when it is gone. */
  kill(): Promise<undefined>;
}

/** A process that is started and does not know yet what for. */
export interface SpareProcess {
  /** Makes it the process of one database. */
  open(settings: ProcessSettings): DatabaseProcess;
  readonly isOver: () => boolean;
  kill(): Promise<undefined>;
}

/** Starts a process. `ledger` knows it from the first moment to the last. */
export function startSpareProcess(ledger: ProcessLedger): SpareProcess {
  const { child, socket, descriptor } = spawnChild();
  const { pid } = child;
  if (pid !== undefined) ledger.started(pid);
  const gone = Promise.withResolvers<undefined>();
  let over = false;

  function kill(): Promise<undefined> {
    if (over) return gone.promise;
    over = true;
    child.ref(); // somebody has to learn how it ended, or the system keeps it as a zombie
    killGroup(pid);
    socket.destroy(); // and with it the descriptor: its number may come to mean another file
    return gone.promise;
  }
  const ended = (): void => {
    if (pid !== undefined) ledger.ended(pid);
    void kill();
    gone.resolve(undefined);
  };
  child.on('error', ended);
  child.on('exit', ended);
  socket.on('error', () => void kill());
  // Neither keeps the thread alive: whoever holds the process ends it.
  child.unref();
  socket.unref();

  const isOver = (): boolean => over;
  return Object.freeze({
    isOver,
    kill,
    open(settings: ProcessSettings): DatabaseProcess {
      const { path } = settings.target;
      // CWE-59: the file was found with its links resolved; one that stands there now leads to another database.
      if (realpathSync.native(path) !== path)
        throw new HostError('ERR_INTERNAL', `the database \`${path}\` was exchanged`);
      return createClient(descriptor, settings, { isOver, kill });
    },
  });
}

function createClient(
  descriptor: number,
  settings: ProcessSettings,
  life: Pick<DatabaseProcess, 'isOver' | 'kill'>,
): DatabaseProcess {
  const channel = createChannel(descriptor);
  const longest = maxFrameBytes(settings.target);
  let opened = false;

  function exchange(request: ProcessRequest): ProcessResponse | undefined {
    if (!opened) channel.write(encodeRequest({ kind: 'open', settings }));
    opened = true;
    channel.write(encodeRequest(request));
    const body = channel.read(longest);
    return body === undefined ? undefined : decodeResponse(body);
  }

  return Object.freeze({
    ...life,
    request(request: Exclude<ProcessRequest, { kind: 'open' }>): Exchange {
      if (life.isOver()) return { kind: 'gone' };
      const started = performance.now();
      let response: ProcessResponse | undefined;
      try {
        response = exchange(request);
      } catch (cause) {
        void life.kill();
        if (isBrokenPipe(cause)) return { kind: 'gone' };
        throw new HostError('ERR_INTERNAL', 'the database process failed', { cause });
      }
      if (response?.kind === 'fault')
        throw new HostError('ERR_INTERNAL', `the database process failed: ${response.message}`);
      if (response !== undefined) return response;
      void life.kill();
      return { kind: performance.now() - started < timeOf(request) ? 'gone' : 'timed-out' };
    },
  });
}

const isBrokenPipe = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET');

/** What the socket of a child is made of. Not public, so it is looked at before it is used. */
interface SocketHandle {
  readonly fd: number;
  setBlocking(blocking: boolean): number;
}

function spawnChild(): { readonly child: ChildProcess; readonly socket: Socket; readonly descriptor: number } {
  const folder = dirname(fileURLToPath(import.meta.url));
  const entry = fileURLToPath(new URL(`./sqlite-child${extname(import.meta.url)}`, import.meta.url));
  // Files that JavaScript may read are this program's own; SQLite opens its file below that fence, which does not see it.
  const fence = ['--permission', '--allow-worker', `--allow-fs-read=${realpathSync(folder)}/`];
  const limits = ['--max-old-space-size=256', '--disallow-code-generation-from-strings', '--no-warnings'];
  const child = spawn(process.execPath, [...fence, ...limits, entry, String(process.pid)], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: {},
    cwd: '/',
    detached: true,
    shell: false,
  });
  const socket = child.stdio[SOCKET];
  const handle: unknown = socket instanceof Socket && '_handle' in socket ? socket._handle : undefined;
  if (!(socket instanceof Socket) || !isSocketHandle(handle) || handle.setBlocking(true) !== 0) {
    killGroup(child.pid);
    throw new HostError('ERR_INTERNAL', 'the database process has no socket');
  }
  return { child, socket, descriptor: handle.fd };
}

const isSocketHandle = (handle: unknown): handle is SocketHandle =>
  typeof handle === 'object' &&
  handle !== null &&
  'fd' in handle &&
  typeof handle.fd === 'number' &&
  handle.fd > 2 &&
  'setBlocking' in handle &&
  typeof handle.setBlocking === 'function';

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended before
  }
}
