import type { Pending } from './pending.ts';
import type { Readiness } from './readiness.ts';

/* HTTP as WASI wants it: one request, one answer, both bodies as they come. `http` serves it, WASI shows it to guests. */

/**
 * Why there is no answer, or no more of it: a subset of `error-code` of `wasi:http/types@0.2`. Nothing of the host, the
 * policy or the server is in it.
 */
export type HttpFailureCode =
  | 'DNS-timeout'
  | 'DNS-error'
  | 'destination-IP-prohibited'
  | 'connection-refused'
  | 'connection-terminated'
  | 'connection-timeout'
  | 'connection-read-timeout'
  | 'connection-limit-reached'
  | 'TLS-protocol-error'
  | 'HTTP-request-denied'
  | 'HTTP-request-body-size'
  | 'HTTP-request-method-invalid'
  | 'HTTP-request-URI-invalid'
  | 'HTTP-request-header-section-size'
  | 'HTTP-request-trailer-section-size'
  | 'HTTP-response-incomplete'
  | 'HTTP-response-body-size'
  | 'HTTP-response-timeout'
  | 'HTTP-protocol-error'
  | 'internal-error';

export type HttpField = readonly [name: string, value: string];

/** Deadlines that a guest asks for: they only narrow those of the configuration. Milliseconds. */
export interface HttpTimeouts {
  readonly connectMs?: number;
  readonly firstByteMs?: number;
  /** Between two pieces of a body. */
  readonly idleMs?: number;
}

/** A body that is still being written, taken at the pace of the connection. */
export interface HttpBodySource {
  /** How many bytes it will have, where the guest said so: it is held to it. */
  readonly length: number | undefined;
  /** The next bytes; `undefined` at the end. Rejects where the writer gave up: the request is cut off then. */
  next(): Promise<Uint8Array | undefined>;
  /** Nobody takes any more. */
  cancel(): void;
}

/** A request as a guest put it together. The gate parses it; until then nothing in it is known to be good. */
export interface HttpServiceRequest {
  /** As it would be sent: `GET`. */
  readonly method: string;
  readonly url: string;
  /** Without a length: that is said by the body. */
  readonly headers: readonly HttpField[];
  readonly body: Uint8Array | HttpBodySource | undefined;
  readonly timeouts: HttpTimeouts;
}

/** What a body gives: bytes, none yet, its end, or the news that it broke. */
export type HttpBodyRead =
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'later' | 'end' }
  | { readonly kind: 'failed'; readonly code: HttpFailureCode };

/** The body of an answer. */
export interface HttpServiceBody {
  readonly readiness: Readiness;
  /** At most `max` bytes, good until the next call. */
  take(max: number): HttpBodyRead;
  /** Ends the exchange, whether the body was read or not. */
  close(): void;
}

/** An answer of any status: no redirect is followed. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: readonly HttpField[];
  readonly body: HttpServiceBody;
}

export type HttpResult =
  { readonly ok: true; readonly answer: HttpAnswer } | { readonly ok: false; readonly code: HttpFailureCode };

/** A request that was decided on and, if it was allowed, is under way. */
export interface HttpExchange {
  readonly result: Pending<HttpResult>;
  /** Gives up whatever still comes, and whatever is still to be sent. */
  cancel(): void;
}

/** Sends requests. Each is an effect of its own, decided and recorded before anything of it leaves. */
export interface HttpService {
  send(request: HttpServiceRequest): HttpExchange;
  /** True for a field that no request may bring. */
  readonly isForbiddenField: (name: string) => boolean;
}
