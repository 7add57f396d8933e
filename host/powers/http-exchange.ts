import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import errors from 'undici/lib/core/errors.js';
import type { AnswerHead, DialCall, NetworkFailure, Receiver, UploadSource } from '../gates/http/dialer.ts';
import { ConnectTimeout, TlsFailure } from './http-connector.ts';
import type { Watch, Watches } from './http-watch.ts';

export const LARGEST_HEADER = 32 * 1024;
const MOST_INTERIM_ANSWERS = 8;

/** Dispatches one call and passes on what happens, each thing once. */
export function exchange(dispatcher: Dispatcher, watches: Watches, call: DialCall, receiver: Receiver): void {
  const { body, stop } = call;
  if (stop?.aborted === true) {
    receiver.fail('connection-failed', false);
    return;
  }
  const upload = body === undefined || body instanceof Uint8Array ? undefined : body;
  let controller: Dispatcher.DispatchController | undefined;
  let started = false;
  let headed = false;
  let done = false;
  let interim = 0;

  const finish = (): boolean => {
    if (done) return false;
    done = true;
    watch.stop();
    // Of a request that was never begun, another address may still take the body.
    if (started) upload?.cancel();
    return true;
  };
  const fail = (failure: NetworkFailure): void => {
    if (!finish()) return;
    controller?.abort(new Error(failure));
    receiver.fail(failure, started);
  };
  const watch = watches.start(call.totalMs, () => fail('timed-out'));
  stop?.addEventListener('abort', () => fail('connection-failed'));

  const flow = {
    pause(): void {
      watch.phase(undefined); // nobody waits for the server meanwhile
      controller?.pause();
    },
    resume(): void {
      if (!done) watch.phase(call.idleMs);
      controller?.resume();
    },
    // The phase of the event loop that follows the reading of sockets.
    arrived: () => new Promise<void>((resolve) => void setImmediate(resolve)),
    abort(): void {
      if (finish()) controller?.abort(new Error('aborted by the gate'));
    },
  };

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(begun) {
      controller = begun;
      // Given up while it waited for a connection: undici sends nothing of a request that is aborted here.
      if (done) begun.abort(new Error('given up before it was sent'));
      else {
        started = true;
        if (upload === undefined) watch.phase(call.firstByteMs);
      }
    },
    onBodySent: (chunk: string | Uint8Array) => receiver.sent(chunk.length),
    onResponseStart(from, status) {
      if (done) return;
      if (status < 200) {
        if ((interim += 1) > MOST_INTERIM_ANSWERS) fail('protocol-error');
        return;
      }
      const headers = readHeader(from.rawHeaders);
      if (headers === undefined) {
        fail('response-too-large');
        return;
      }
      headed = true;
      if (call.deadline === 'header') watch.unbound();
      watch.phase(call.idleMs);
      receiver.head({ status, headers }, flow);
    },
    onResponseData(_from, chunk) {
      if (done) return;
      watch.touch();
      receiver.data(chunk);
    },
    onResponseEnd() {
      if (finish()) receiver.end();
    },
    onResponseError(_from, error) {
      fail(failureOf(error));
    },
  };

  dispatcher.dispatch(
    {
      path: call.path,
      method: call.method,
      headers: upload?.length === undefined ? call.headers : [...call.headers, 'content-length', String(upload.length)],
      body:
        body === undefined || body instanceof Uint8Array
          ? (body ?? null)
          : streamed(pieces(body, call, watch, () => headed)),
      // The watch has its own, exact ones.
      headersTimeout: 0,
      bodyTimeout: 0,
    },
    handler,
  );
}

// Documented of `dispatch` (undici, docs/api/Dispatcher.md), but not in its typings.
const streamed = (body: AsyncIterable<Uint8Array>) => body as unknown as Readable;

/** The body of an upload, piece by piece. The server is waited for only while it has not taken the last piece. */
async function* pieces(
  upload: UploadSource,
  call: DialCall,
  watch: Watch,
  headed: () => boolean,
): AsyncGenerator<Uint8Array> {
  for (;;) {
    if (!headed()) watch.phase(undefined);
    const piece = await upload.next();
    if (!headed()) watch.phase(piece === undefined ? call.firstByteMs : call.idleMs);
    if (piece === undefined) return;
    yield piece;
  }
}

/** Header fields as the parser saw them, names in lower case; `undefined` where they are too large. */
function readHeader(raw: Dispatcher.DispatchController['rawHeaders']): AnswerHead['headers'] | undefined {
  if (raw === null || raw === undefined) return [];
  const headers: (readonly [string, string])[] = [];
  if (Array.isArray(raw)) {
    // HTTP/1.1: names and values in turn, as bytes. The parser has bounded them.
    for (let at = 0; at + 1 < raw.length; at += 2) headers.push([text(raw[at]).toLowerCase(), text(raw[at + 1])]);
    return headers;
  }
  let size = 0;
  for (const [name, value] of Object.entries(raw)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      const field = one ?? '';
      size += name.length + field.length;
      headers.push([name.toLowerCase(), field]);
    }
  }
  return size > LARGEST_HEADER ? undefined : headers;
}

const text = (bytes: Buffer | string | undefined): string =>
  typeof bytes === 'string' ? bytes : (bytes?.toString('latin1') ?? '');

const FAILURES: ReadonlyMap<string, NetworkFailure> = new Map([
  ['ETIMEDOUT', 'timed-out'],
  ['UND_ERR_HEADERS_OVERFLOW', 'response-too-large'],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'response-too-large'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'protocol-error'],
]);
const PROTOCOL_BREAKS: ReadonlySet<string> = new Set(['bad response', 'bad upgrade']);

/** Resets of HTTP/2 (RFC 9113, section 7) with which the server only ended this exchange; every other one is a break. */
const ENDINGS: ReadonlySet<string> = new Set(['NGHTTP2_NO_ERROR', 'NGHTTP2_CANCEL', 'NGHTTP2_REFUSED_STREAM']);

/** What an error of undici or of the system means to the guest. */
function failureOf(error: Error): NetworkFailure {
  if (error instanceof TlsFailure) return 'tls-failed';
  if (error instanceof ConnectTimeout) return 'timed-out';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // The answer is not HTTP/1.1. The code of this one is not filled in by undici 8.
  if (error instanceof errors.HTTPParserError) return 'protocol-error';
  if (code === 'UND_ERR_SOCKET' && PROTOCOL_BREAKS.has(error.message)) return 'protocol-error';
  if (code.startsWith('ERR_HTTP2_'))
    return [...ENDINGS].some((name) => error.message.includes(name)) ? 'connection-failed' : 'protocol-error';
  return FAILURES.get(code) ?? 'connection-failed';
}
