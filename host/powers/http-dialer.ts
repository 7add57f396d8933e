import { Pool, buildConnector, errors, type Dispatcher } from 'undici';
import { Socket } from 'node:net';
import type { AnswerHead, DialCall, HttpDialer, NetworkFailure, Receiver } from '../gates/http/dialer.ts';

/** Options of a dialer, for the composition root. */
export interface HttpDialerOptions {
  /** Certificate authorities, PEM, in place of the built-in ones. */
  readonly ca?: string | readonly string[];
}

const LARGEST_HEADER = 32 * 1024;
const MOST_POOLS = 64;
const MOST_CONNECTIONS = 32;
const MOST_INTERIM_ANSWERS = 8;

/**
 * Sends requests with undici over connections of its own: no proxies, no environment, no redirects, no cookies, no
 * global dispatcher. A connection is made to the vetted address only, and shared only by calls with the same origin,
 * address and policy generation.
 */
export function createHttpDialer(options: HttpDialerOptions = {}): HttpDialer {
  const pools = new Map<string, Pool>();
  let generation = -1;
  let closed = false;

  function poolFor(call: DialCall): Pool {
    if (call.generation !== generation) {
      generation = call.generation;
      for (const [key, pool] of pools) retire(key, pool);
    }
    const key = `${call.origin} ${call.address}`;
    const known = pools.get(key);
    if (known !== undefined) return known;
    for (const [oldest, pool] of pools) {
      if (pools.size < MOST_POOLS) break;
      retire(oldest, pool);
    }
    const pool = createPinnedPool(call, options);
    pools.set(key, pool);
    return pool;
  }

  /** Takes no new requests; those under way end by themselves. */
  function retire(key: string, pool: Pool): void {
    pools.delete(key);
    void pool.close();
  }

  return Object.freeze({
    dial(call: DialCall, receiver: Receiver): void {
      if (closed) receiver.fail('connection-failed', false);
      else send(poolFor(call), call, receiver);
    },
    async close(): Promise<void> {
      closed = true;
      const open = [...pools.values()];
      pools.clear();
      await Promise.all(open.map((pool) => pool.destroy()));
    },
  });
}

/** The TLS handshake failed, or the certificate is not acceptable for the name. */
class TlsFailure extends Error {
  override readonly name = 'TlsFailure';
}

/** Connections of one origin to one address. */
function createPinnedPool({ origin, address, connectMs }: DialCall, { ca }: HttpDialerOptions): Pool {
  // The typings say `void`; the connector returns its socket (undici, lib/core/connect.js).
  const dialConnector: (...given: Parameters<buildConnector.connector>) => unknown = buildConnector({
    timeout: connectMs,
    allowH2: false,
    // Said outright, so that NODE_TLS_REJECT_UNAUTHORIZED cannot unsay it.
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }),
  });
  const pinned: buildConnector.connector = (target, callback) => {
    // The address takes the place of the name, so nothing is looked up; the name stays in SNI, certificate and `host`.
    const named = target.hostname !== address;
    let connected = false;
    const socket = dialConnector(
      {
        ...target,
        hostname: address,
        ...(named && target.protocol === 'https:' ? { servername: target.hostname } : {}),
      },
      (...[error, made]) => {
        if (error !== null) {
          const atTls = connected && target.protocol === 'https:' && !isTimeout(error);
          callback(atTls ? new TlsFailure('handshake failed', { cause: error }) : error, null);
        } else if (made.remoteAddress !== address && made.remoteAddress !== `::ffff:${address}`) {
          made.destroy();
          callback(new Error('connected to another address than the vetted one'), null);
        } else {
          callback(null, made);
        }
      },
    );
    if (socket instanceof Socket) socket.once('connect', () => (connected = true));
    return socket;
  };
  return new Pool(origin, {
    connect: pinned,
    connections: MOST_CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    maxHeaderSize: LARGEST_HEADER,
    strictContentLength: true,
  });
}

/** Dispatches one call and passes on what happens, each thing once. */
function send(pool: Pool, call: DialCall, receiver: Receiver): void {
  let controller: Dispatcher.DispatchController | undefined;
  let started = false;
  let done = false;
  let interim = 0;

  const finish = (): boolean => {
    if (done) return false;
    done = true;
    clearTimeout(timer);
    return true;
  };
  const abort = (): void => {
    if (!finish()) return;
    controller?.abort(new Error('aborted by the gate'));
  };
  const fail = (failure: NetworkFailure): void => {
    if (!finish()) return;
    controller?.abort(new Error(failure));
    receiver.fail(failure, started);
  };
  const timer = setTimeout(() => fail('timed-out'), call.totalMs);

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(begun) {
      controller = begun;
      // Given up while it waited for a connection: undici sends nothing of a request that is aborted here.
      if (done) begun.abort(new Error('given up before it was sent'));
      else started = true;
    },
    onResponseStart(from, status) {
      if (done) return;
      if (status < 200) {
        // Each restarts the header deadline: without a bound they could go on for ever.
        if ((interim += 1) > MOST_INTERIM_ANSWERS) fail('protocol-error');
        return;
      }
      if (call.deadline === 'header') clearTimeout(timer);
      const flow = { pause: () => from.pause(), resume: () => from.resume(), abort };
      receiver.head({ status, headers: pairs(from.rawHeaders) }, flow);
    },
    onResponseData(_from, chunk) {
      if (!done) receiver.data(chunk);
    },
    onResponseEnd() {
      if (finish()) receiver.end();
    },
    onResponseError(_from, error) {
      fail(failureOf(error));
    },
  };

  pool.dispatch(
    {
      path: call.path,
      method: call.method,
      headers: call.headers,
      body: call.body ?? null,
      headersTimeout: call.firstByteMs,
      bodyTimeout: call.idleMs,
    },
    handler,
  );
}

/** Header fields as undici's parser saw them: names and values in turn, as bytes. */
function pairs(raw: Dispatcher.DispatchController['rawHeaders']): AnswerHead['headers'] {
  if (!Array.isArray(raw)) return [];
  const headers: (readonly [string, string])[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    headers.push([text(raw[at]).toLowerCase(), text(raw[at + 1])]);
  }
  return headers;
}

const text = (bytes: Buffer | string | undefined): string =>
  typeof bytes === 'string' ? bytes : (bytes?.toString('latin1') ?? '');

const isTimeout = (error: Error): boolean => failureOf(error) === 'timed-out';

const FAILURES: ReadonlyMap<string, NetworkFailure> = new Map([
  ['UND_ERR_CONNECT_TIMEOUT', 'timed-out'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timed-out'],
  ['UND_ERR_BODY_TIMEOUT', 'timed-out'],
  ['ETIMEDOUT', 'timed-out'],
  ['UND_ERR_HEADERS_OVERFLOW', 'response-too-large'],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'response-too-large'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'protocol-error'],
]);
const PROTOCOL_BREAKS: ReadonlySet<string> = new Set(['bad response', 'bad upgrade']);

/** What an error of undici or of the system means to the guest. */
function failureOf(error: Error): NetworkFailure {
  if (error instanceof TlsFailure) return 'tls-failed';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // The answer is not HTTP/1.1. The code of this one is not filled in by undici 8.
  if (error instanceof errors.HTTPParserError) return 'protocol-error';
  if (code === 'UND_ERR_SOCKET' && PROTOCOL_BREAKS.has(error.message)) return 'protocol-error';
  return FAILURES.get(code) ?? 'connection-failed';
}
