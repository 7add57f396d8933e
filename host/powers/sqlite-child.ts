import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { createChannel } from './sqlite-channel.ts';
import { openConnection, type SqliteConnection } from './sqlite-connection.ts';
import { sqliteError } from './sqlite-errors.ts';
import {
  decodeRequest,
  encodeResponse,
  maxFrameBytes,
  SOCKET,
  timeOf,
  type Lane,
  type ProcessRequest,
  type ProcessResponse,
  type ProcessSettings,
} from './sqlite-frames.ts';
import type { Watched } from './sqlite-watchdog.ts';

/** The database process: reads requests from its socket, one at a time, and answers on it. It ends when the socket does. */

type Request = Exclude<ProcessRequest, { kind: 'open' }>;

/** The longest frame before it is known what the process is for. */
const FIRST_FRAME = 64 * 1024;

const channel = createChannel(SOCKET);
const deadline = watch(Number(process.argv[2]));
const first = channel.read(FIRST_FRAME);
const opening = first === undefined ? undefined : decodeRequest(first);
if (opening?.kind === 'open') serve(opening.settings);
process.exit(0);

function serve(settings: ProcessSettings): void {
  const answer = createServer(settings);
  const longest = maxFrameBytes(settings.target);
  for (let body = channel.read(longest); body !== undefined; body = channel.read(longest)) {
    let response: ProcessResponse;
    try {
      const request = decodeRequest(body);
      if (request.kind === 'open') return;
      deadline[0] = Date.now() + timeOf(request);
      response = answer(request);
    } catch (thrown) {
      response = { kind: 'fault', message: sqliteError(thrown)?.message ?? 'the request could not be served' };
    }
    deadline[0] = 0;
    channel.write(encodeResponse(response));
  }
}

/** Answers requests on the two lanes of one database. */
function createServer(settings: ProcessSettings): (request: Request) => ProcessResponse {
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

  return (request: Request): ProcessResponse => {
    switch (request.kind) {
      case 'prepare': {
        const preparation = laneFor(request)?.prepare(request.sql, request.handle);
        return { kind: 'preparation', preparation: preparation ?? { status: 'failed', failure: 'transaction-over' } };
      }
      case 'run': {
        const answered = laneFor(request)?.run(request.handle, request.call);
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
  };
}

/** Starts the second thread and waits until it watches: no statement runs before. Returns the deadline that it keeps. */
function watch(host: number): Float64Array {
  const kept = new Float64Array(new SharedArrayBuffer(8));
  const ready = new Int32Array(new SharedArrayBuffer(4));
  const file = import.meta.url.replace(/sqlite-child(?=\.[a-z]+$)/, 'sqlite-watchdog');
  const watched: Watched = { deadline: kept.buffer, ready: ready.buffer, host };
  new Worker(new URL(file), { workerData: watched }).unref();
  Atomics.wait(ready, 0, 0);
  return kept;
}
