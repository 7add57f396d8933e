import { Buffer } from 'node:buffer';
import { throwWit, type ResourceClass } from '../contracts/guest-import.ts';
import type { HttpField } from '../contracts/http-service.ts';
import type { HttpFields } from './http-fields.ts';
import type { OutgoingBodies } from './http-outgoing-body.ts';
import type { RequestBody } from './http-request-body.ts';
import { createSlots, type Slots } from './slots.ts';

/** The longest text that a request keeps. */
const MAX_PATH = 8192;
const MAX_AUTHORITY = 512;
const MAX_NAME = 32;

/** A method or scheme that is not in the WIT's list (RFC 9110, section 9.1; RFC 3986, section 3.1). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * What can stand in an authority, and what a path with a query begins with and is made of (RFC 3986, sections 3.2 to 3.4,
 * and characters that clients send as they are). The parts must not run into each other when they are put together; what
 * they mean is the gate's business.
 */
const AUTHORITY = /^[A-Za-z0-9\-._~%!$&'()*+,;=:@[\]]+$/;
const PATH_WITH_QUERY = /^(?:[/?][^\s#\\\u0000-\u001f\u007f]*)?$/;

const LENGTH = /^\d{1,15}$/;

/** The variants `method` and `scheme`: named cases carry nothing. */
interface Named {
  readonly tag: string;
  readonly val?: string | undefined;
}
type Entries = Parameters<HttpFields['show']>[0];

interface RequestState {
  readonly headers: Entries;
  readonly length: number | undefined;
  method: Named;
  scheme: Named | undefined;
  authority: string | undefined;
  path: string | undefined;
  body: RequestBody | undefined;
}

/** What a guest wants to send. */
export interface WantedRequest {
  /** As it would be sent. */
  readonly method: string;
  readonly url: string;
  readonly headers: readonly HttpField[];
  readonly body: RequestBody | undefined;
}

/** `outgoing-request`, and what the handler needs to know of it. */
export interface HttpRequests {
  readonly OutgoingRequest: ResourceClass;
  /** Takes a request that a guest hands over. */
  take(request: object): WantedRequest;
}

/** Sets what fits; the WIT's `result` without types says only that it does not. */
function setIf(fits: boolean, set: () => void): void {
  if (fits) set();
  else throwWit(undefined);
}

const fitsOther = ({ tag, val = '' }: Named): boolean => tag !== 'other' || (val.length <= MAX_NAME && TOKEN.test(val));

/** Methods are compared with their case (RFC 9110, section 9.1): `other("get")` is none that there is. */
const methodOf = ({ tag, val = '' }: Named): string => (tag === 'other' ? val : tag.toUpperCase());
const schemeOf = (scheme: Named | undefined): string =>
  scheme === undefined ? 'https' : (scheme.tag === 'other' ? (scheme.val ?? '') : scheme.tag).toLowerCase();

const isLength = ([name]: readonly [string, unknown]): boolean => name.toLowerCase() === 'content-length';

/** The length that a guest gave its body, if it is one and stands once. */
function lengthOf(headers: Entries): number | undefined {
  const [given, ...more] = headers.filter(isLength).map(([, value]) => Buffer.from(value).toString('latin1'));
  return given !== undefined && more.length === 0 && LENGTH.test(given) ? Number(given) : undefined;
}

function wanted({ method, scheme, authority, path, headers, length, body }: RequestState): WantedRequest {
  // A length that was understood is held by the body, and said by whoever sends it. Any other is the gate's to refuse.
  const isKept = (entry: Entries[number]) =>
    !isLength(entry) || length === undefined || (body === undefined && length > 0);
  return {
    method: methodOf(method),
    url: `${schemeOf(scheme)}://${authority ?? ''}${path ?? ''}`,
    headers: headers.filter(isKept).map(([name, value]) => [name, Buffer.from(value).toString('latin1')]),
    body,
  };
}

/** What requests are made of. */
interface RequestParts {
  readonly fields: HttpFields;
  readonly bodies: OutgoingBodies;
  readonly createBody: (length: number | undefined) => RequestBody;
  readonly trap: (message: string) => never;
}

/** The resource `outgoing-request` of `wasi:http/types`. */
export function createHttpRequests({ fields, bodies, createBody, trap }: RequestParts): HttpRequests {
  const slots: Slots<RequestState> = createSlots(trap);

  class OutgoingRequest {
    constructor(given: object) {
      const headers = fields.take(given);
      slots.hold(this, {
        headers,
        length: lengthOf(headers),
        method: { tag: 'get' },
        scheme: undefined,
        authority: undefined,
        path: undefined,
        body: undefined,
      });
    }
    body(): object {
      const state = slots.of(this);
      if (state.body !== undefined) throwWit(undefined);
      const body = createBody(state.length);
      const shown = bodies.show(body);
      state.body = body;
      return shown;
    }
    method(): Named {
      return slots.of(this).method;
    }
    setMethod(method: Named): void {
      const state = slots.of(this);
      setIf(fitsOther(method), () => (state.method = method));
    }
    pathWithQuery(): string | undefined {
      return slots.of(this).path;
    }
    setPathWithQuery(path: string | undefined): void {
      const state = slots.of(this);
      const fits = path === undefined || (path.length <= MAX_PATH && PATH_WITH_QUERY.test(path));
      setIf(fits, () => (state.path = path));
    }
    scheme(): Named | undefined {
      return slots.of(this).scheme;
    }
    setScheme(scheme: Named | undefined): void {
      const state = slots.of(this);
      setIf(scheme === undefined || fitsOther(scheme), () => (state.scheme = scheme));
    }
    authority(): string | undefined {
      return slots.of(this).authority;
    }
    setAuthority(authority: string | undefined): void {
      const state = slots.of(this);
      const fits = authority === undefined || (authority.length <= MAX_AUTHORITY && AUTHORITY.test(authority));
      setIf(fits, () => (state.authority = authority));
    }
    headers(): object {
      return fields.show(slots.of(this).headers);
    }
    [Symbol.dispose](): void {
      const { body } = slots.of(this);
      slots.release(this);
      body?.source.cancel();
    }
  }

  return Object.freeze({
    OutgoingRequest,
    take(request: object): WantedRequest {
      const state = slots.of(request);
      slots.release(request);
      return wanted(state);
    },
  });
}
