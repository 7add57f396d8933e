import { readSync, writeSync } from 'node:fs';
import process from 'node:process';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import type { DatabaseTarget } from '../gates/db/engine.ts';
import { openConnection, type SqliteConnection } from './sqlite-connection.ts';
import { sqliteError } from './sqlite-errors.ts';
import {
  decodeRequest,
  encodeResponse,
  HEADER_BYTES,
  SOCKET,
  type Lane,
  type ProcessRequest,
  type ProcessResponse,
} from './sqlite-frames.ts';

/**
 * The database process: reads requests from its socket, one at a time, and answers on it. It ends when the socket does. SQLite cannot be interrupted, so a second thread ends the process where a statement outlives its time
 * or the process that asked: the client does the same from outside, and sooner.
 */

/** What the client starts the process with, as its one argument. */
export interface ProcessSettings {
  readonly target: DatabaseTarget;
  /** The process that asks. */
  readonly host: number;
  readonly maxFrameBytes: number;
  readonly busyMs: number;
  readonly heapBytes: number;
}

/** What the second thread looks at. */
interface Watched {
  readonly deadline: SharedArrayBuffer;
  readonly host: number;
}

/** How long after the client's own deadline the process ends itself. */
const GRACE_MS = 1_000;
const WATCH_MS = 100;

if (isMainThread)
  serve(JSON.parse(process.argv[2] ?? '') as ProcessSettings); // our own client wrote it
else watch(workerData as Watched); // `serve` passes nothing else

function serve(settings: ProcessSettings): void {
  const deadline = new Float64Array(new SharedArrayBuffer(8));
  new Worker(new URL(import.meta.url), { workerData: { deadline: deadline.buffer, host: settings.host } }).unref();
  const lanes = new Map<Lane, SqliteConnection>();

  function lane(name: Lane): SqliteConnection {
    const open = lanes.get(name) ?? openConnection({ ...settings, now: () => performance.now() });
    lanes.set(name, open);
    return open;
  }

  function laneFor(request: { readonly lane: Lane; readonly begin: boolean }): SqliteConnection | undefined {
    const connection = lane(request.lane);
    if (request.begin) {
      connection.rollback();
      connection.begin();
    }
    return request.lane === 'transaction' && !connection.inTransaction() ? undefined : connection;
  }

  function answer(request: ProcessRequest): ProcessResponse {
    switch (request.kind) {
      case 'prepare': {
        const preparation = laneFor(request)?.prepare(request.sql, request.handle);
        return { kind: 'preparation', preparation: preparation ?? { status: 'failed', failure: 'transaction-over' } };
      }
      case 'run': {
        deadline[0] = Date.now() + request.call.timeoutMs + GRACE_MS;
        const answered = laneFor(request)?.run(request.handle, request.call);
        deadline[0] = 0;
        return { kind: 'answer', answer: answered ?? { status: 'failed', failure: 'transaction-over' } };
      }
      case 'commit': {
        const failure = lane('transaction').commit();
        return failure === undefined ? { kind: 'ended' } : { kind: 'ended', failure };
      }
      case 'rollback':
        lane('transaction').rollback();
        return { kind: 'ended' };
    }
  }

  for (const body of framesOf(SOCKET, settings.maxFrameBytes)) {
    let response: ProcessResponse;
    try {
      response = answer(decodeRequest(body));
    } catch (thrown) {
      response = { kind: 'fault', message: sqliteError(thrown)?.message ?? 'the request could not be served' };
    }
    writeAll(SOCKET, encodeResponse(response));
  }
  process.exit(0);
}

/** Reads frames until the input ends. */
function* framesOf(descriptor: number, maxBytes: number): Generator<Buffer> {
  let buffer = Buffer.allocUnsafe(64 * 1024);
  let filled = 0;
  for (;;) {
    while (filled >= HEADER_BYTES) {
      const end = HEADER_BYTES + buffer.readUInt32LE(0);
      if (end > maxBytes) return;
      if (end > buffer.length) buffer = Buffer.concat([buffer.subarray(0, filled)], end);
      if (filled < end) break;
      yield buffer.subarray(HEADER_BYTES, end);
      buffer.copyWithin(0, end, filled);
      filled -= end;
    }
    const read = readSync(descriptor, buffer, filled, buffer.length - filled, null);
    if (read === 0) return;
    filled += read;
  }
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
}

/** Runs in the second thread: looks at the clock and at the parent, and at nothing else. */
function watch({ deadline: shared, host }: Watched): never {
  const deadline = new Float64Array(shared);
  const idle = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    Atomics.wait(idle, 0, 0, WATCH_MS);
    const until = deadline[0] ?? 0;
    if ((until !== 0 && Date.now() > until) || process.ppid !== host) process.kill(process.pid, 'SIGKILL');
  }
}
