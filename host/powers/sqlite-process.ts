import { spawn, type ChildProcess } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname, extname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { HostError } from '../contracts/errors.ts';
import type { ProcessLedger } from '../contracts/powers.ts';
import type { ProcessSettings } from './sqlite-child.ts';
import {
  decodeResponse,
  encodeRequest,
  HEADER_BYTES,
  SOCKET,
  type ProcessRequest,
  type ProcessResponse,
} from './sqlite-frames.ts';

/** How a request ended: answered, or with the process. */
export type Exchange = ProcessResponse | { readonly kind: 'timed-out' } | { readonly kind: 'gone' };

/**
 * The client of one database process. Requests are answered in order. It waits on the event loop and never blocks the
 * thread, so the deadline holds whatever SQLite does: then the process is killed and this client is over.
 */
export interface DatabaseProcess {
  request(request: ProcessRequest, timeoutMs: number): Promise<Exchange>;
  readonly isOver: () => boolean;
  /** Ends the process at once; SQLite's journal undoes what was not committed. */
  kill(): void;
}

interface Waiting {
  readonly settle: (exchange: Exchange) => void;
  readonly fail: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/** Starts a database process. `ledger` knows it from the first moment to the last. */
export function startDatabaseProcess(settings: Omit<ProcessSettings, 'host'>, ledger: ProcessLedger): DatabaseProcess {
  const { path } = settings.target;
  // CWE-59: the file was found with its links resolved; one that stands there now leads to another database.
  if (realpathSync.native(path) !== path) throw new HostError('ERR_INTERNAL', `the database \`${path}\` was exchanged`);
  const { child, socket } = spawnChild(settings);
  const { pid } = child;
  if (pid !== undefined) ledger.started(pid);
  const waiting: Waiting[] = [];
  let over = false;

  /** Ends everything that waits. The first reason counts. */
  function end(exchange: Exchange, cause?: unknown): void {
    if (over) return;
    over = true;
    killGroup(pid);
    for (const { settle, fail, timer } of waiting.splice(0)) {
      clearTimeout(timer);
      if (cause === undefined) settle(exchange);
      else fail(new HostError('ERR_INTERNAL', 'the database process failed', { cause }));
    }
  }

  function take(body: Buffer): void {
    const first = waiting.shift();
    if (first === undefined) throw new Error('an answer without a request');
    clearTimeout(first.timer);
    const response = decodeResponse(body);
    if (response.kind === 'fault')
      first.fail(new HostError('ERR_INTERNAL', `the database process failed: ${response.message}`));
    else first.settle(response);
  }

  const split = createSplitter(settings.maxFrameBytes, take);
  socket.on('data', (chunk: Buffer) => {
    try {
      if (!over) split(chunk);
    } catch (error) {
      end({ kind: 'gone' }, error);
    }
  });
  child.on('error', (error) => end({ kind: 'gone' }, error));
  socket.on('error', (error) => end({ kind: 'gone' }, error));
  child.on('exit', () => {
    if (pid !== undefined) ledger.ended(pid);
    end({ kind: 'gone' }, new Error('the process ended by itself'));
  });

  return Object.freeze({
    isOver: () => over,
    kill: () => end({ kind: 'gone' }),
    request(request: ProcessRequest, timeoutMs: number): Promise<Exchange> {
      if (over) return Promise.resolve({ kind: 'gone' });
      return new Promise((settle, fail) => {
        const timer = setTimeout(() => end({ kind: 'timed-out' }), timeoutMs);
        waiting.push({ settle, fail, timer });
        socket.write(encodeRequest(request));
      });
    },
  });
}

/** Cuts a stream into frames. Throws where a frame is longer than any answer can be. */
function createSplitter(maxBytes: number, take: (body: Buffer) => void): (chunk: Buffer) => void {
  let pieces: Buffer[] = [];
  let held = 0;
  return (chunk: Buffer): void => {
    pieces.push(chunk);
    held += chunk.length;
    while (held >= HEADER_BYTES) {
      const [first] = pieces;
      const head = first !== undefined && first.length >= HEADER_BYTES ? first : Buffer.concat(pieces);
      const end = HEADER_BYTES + head.readUInt32LE(0);
      if (end > maxBytes) throw new Error('an answer is longer than it may be');
      if (held < end) return;
      const whole = pieces.length === 1 ? head : Buffer.concat(pieces);
      held -= end;
      pieces = held === 0 ? [] : [whole.subarray(end)];
      take(whole.subarray(HEADER_BYTES, end));
    }
  };
}

function spawnChild(settings: Omit<ProcessSettings, 'host'>): {
  readonly child: ChildProcess;
  readonly socket: Socket;
} {
  const folder = dirname(fileURLToPath(import.meta.url));
  const entry = fileURLToPath(new URL(`./sqlite-child${extname(import.meta.url)}`, import.meta.url));
  // Files that JavaScript may read are this program's own; SQLite opens its file below that fence, which does not see it.
  const fence = ['--permission', '--allow-worker', `--allow-fs-read=${realpathSync(folder)}/`];
  const limits = ['--max-old-space-size=256', '--disallow-code-generation-from-strings', '--no-warnings'];
  const child = spawn(
    process.execPath,
    [...fence, ...limits, entry, JSON.stringify({ ...settings, host: process.pid } satisfies ProcessSettings)],
    {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      env: {},
      cwd: '/',
      detached: true,
      shell: false,
    },
  );
  const socket = child.stdio[SOCKET];
  if (!(socket instanceof Socket)) throw new HostError('ERR_INTERNAL', 'the database process has no socket');
  return { child, socket };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended before
  }
}
