import type { HttpFailureCode } from '../../host/contracts/http-service.ts';
import { httpGate, type GateOptions, type GateUnderTest } from '../gates/http/http-gate.ts';
import { call, classOf, createWasiRun, members, thrownBy, type WasiRun } from './run.ts';

/** A request as a test wants it. */
export interface Wanted {
  readonly method?: object;
  readonly scheme?: object | undefined;
  readonly authority?: string | undefined;
  readonly path?: string | undefined;
  readonly headers?: readonly (readonly [string, string | Uint8Array])[];
}

/** What a future came to: an answer, or the case of `error-code`. */
export type Came = { readonly response: object } | { readonly code: HttpFailureCode };

/** `wasi:http` of one run over the real gate, called as the glue would call it. */
export interface HttpGuest extends WasiRun {
  readonly gate: GateUnderTest;
  fields(entries: readonly (readonly [string, string | Uint8Array])[]): object;
  request(wanted: Wanted): object;
  /** A request for a URL of a server. */
  to(url: string, wanted?: Wanted): object;
  options(timeouts: { connect?: bigint; firstByte?: bigint; betweenBytes?: bigint }): object;
  handle(request: object, options?: object): object;
  /** Waits for a future, and takes what came. */
  come(future: object): Promise<Came>;
  /** The same, for a request that has no body. */
  send(request: object, options?: object): Promise<Came>;
  poll(pollables: readonly object[]): Promise<number[]>;
  finishBody(body: object, trailers?: object): void;
  finishIncoming(body: object): object;
}

const bytes = (value: string | Uint8Array): Uint8Array =>
  typeof value === 'string' ? new TextEncoder().encode(value) : value;

type Static = Readonly<Record<string, (...values: unknown[]) => unknown>>;
type Made = new (...values: unknown[]) => object;

/** Makes a guest over a gate; everything is allowed unless the options say otherwise. */
export function httpGuest(options: GateOptions = {}): HttpGuest {
  const gate = httpGate(options);
  const run = createWasiRun({
    clock: { nowMs: Date.now, monotonicUs: () => performance.now() * 1000 },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        signal?.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      }),
    services: gate.gate.services,
  });
  const type = (name: string) => classOf(run, 'wasi:http/types', name) as unknown as Made & Static;

  function fields(entries: readonly (readonly [string, string | Uint8Array])[]): object {
    return type('Fields')['fromList']!(entries.map(([name, value]) => [name, bytes(value)])) as object;
  }
  function request({ method, scheme = { tag: 'HTTP' }, authority, path, headers = [] }: Wanted): object {
    const made = new (type('OutgoingRequest'))(fields(headers));
    try {
      if (method !== undefined) call(made, 'setMethod', method);
      call(made, 'setScheme', scheme);
      call(made, 'setAuthority', authority);
      call(made, 'setPathWithQuery', path);
    } catch (error) {
      call(made, Symbol.dispose);
      throw error;
    }
    return made;
  }
  const handle = (wanted: object, given?: object) =>
    call(members(run, 'wasi:http/outgoing-handler'), 'handle', wanted, given) as object;

  async function come(future: object): Promise<Came> {
    const pollable = call(future, 'subscribe') as object;
    await call(pollable, 'block');
    call(pollable, Symbol.dispose);
    const got = call(future, 'get') as { tag: 'ok'; val: { tag: string; val: unknown } };
    return got.val.tag === 'ok'
      ? { response: got.val.val as object }
      : { code: (got.val.val as { tag: HttpFailureCode }).tag };
  }

  return {
    ...run,
    gate,
    fields,
    request,
    to(url, wanted = {}) {
      const { protocol, host, pathname, search } = new URL(url);
      const scheme = { tag: protocol === 'https:' ? 'HTTPS' : 'HTTP' };
      return request({ scheme, authority: host, path: pathname + search, ...wanted });
    },
    options({ connect, firstByte, betweenBytes }) {
      const made = new (type('RequestOptions'))();
      call(made, 'setConnectTimeout', connect);
      call(made, 'setFirstByteTimeout', firstByte);
      call(made, 'setBetweenBytesTimeout', betweenBytes);
      return made;
    },
    handle,
    come,
    send: (wanted, given) => come(handle(wanted, given)),
    async poll(pollables) {
      return [...((await call(members(run, 'wasi:io/poll'), 'poll', pollables)) as Uint32Array)];
    },
    finishBody: (body, trailers) => void type('OutgoingBody')['finish']!(body, trailers),
    finishIncoming: (body) => type('IncomingBody')['finish']!(body) as object,
  };
}

/** The answer that came; fails where none did. */
export function responseOf(came: Came): object {
  if ('response' in came) return came.response;
  throw new Error(`no answer came: ${came.code}`);
}

/** Opens the body of an answer. */
export function open(response: object): { readonly body: object; readonly stream: object } {
  const body = call(response, 'consume') as object;
  return { body, stream: call(body, 'stream') as object };
}

/** Everything that is left of a stream, and how it ended. */
export async function drain(guest: HttpGuest, stream: object): Promise<{ bytes: Buffer; end: unknown }> {
  const parts: Uint8Array[] = [];
  for (;;) {
    try {
      parts.push(Buffer.from((await call(stream, 'blockingRead', 65_536n)) as Uint8Array));
    } catch (error) {
      const { payload } = error as { payload: { tag: string; val: object } };
      if (payload.tag === 'closed') return { bytes: Buffer.concat(parts), end: 'closed' };
      const code = call(members(guest, 'wasi:http/types'), 'httpErrorCode', payload.val) as { tag: string };
      return { bytes: Buffer.concat(parts), end: code.tag };
    }
  }
}

/** The whole body of an answer as text. */
export async function textOf(guest: HttpGuest, came: Came): Promise<string> {
  const { bytes: all, end } = await drain(guest, open(responseOf(came)).stream);
  if (end !== 'closed') throw new Error(`the body broke: ${String(end)}`);
  return all.toString();
}

/** The body of a request, opened for writing. */
export function writeTo(request: object): { readonly body: object; readonly stream: object } {
  const body = call(request, 'body') as object;
  return { body, stream: call(body, 'write') as object };
}

/** Writes at the pace of the stream, as the WIT asks for it. */
export async function writeAll(stream: object, all: Uint8Array): Promise<void> {
  for (let at = 0; at < all.length;) {
    const room = Number(call(stream, 'checkWrite'));
    if (room === 0) {
      await call(call(stream, 'subscribe'), 'block');
      continue;
    }
    const part = all.subarray(at, at + room);
    call(stream, 'write', part);
    at += part.length;
  }
}

export { call, thrownBy };
