import { throwWit, type ResourceClass } from '../contracts/guest-import.ts';
import type { HttpFields } from './http-fields.ts';
import { createSlots, type Slots } from './slots.ts';

/** The longest text that a request keeps. */
const MAX_PATH = 8192;
const MAX_AUTHORITY = 512;
const MAX_NAME = 32;

/** A method or scheme that is not in the WIT's list (RFC 9110, section 9.1; RFC 3986, section 3.1). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The variants `method` and `scheme`: named cases carry nothing. */
interface Named {
  readonly tag: string;
  readonly val?: string | undefined;
}
type Fields = Parameters<HttpFields['show']>[0];

interface RequestState {
  readonly headers: Fields;
  method: Named;
  scheme: Named | undefined;
  authority: string | undefined;
  path: string | undefined;
  bodyTaken: boolean;
}

/** What a guest wants to send, as far as it said so. */
export interface WantedRequest {
  readonly method: string;
  /** Canonical, without user information, query and fragment; `undefined` if there is no such form. */
  readonly url: string | undefined;
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

const nameOf = (named: Named): string => (named.tag === 'other' ? (named.val ?? '') : named.tag);
const fitsName = (named: Named): boolean => nameOf(named).length <= MAX_NAME && TOKEN.test(nameOf(named));

/** The URL for the record. The query may hold secrets, so it is left out. */
function urlOf({ scheme, authority, path }: RequestState): string | undefined {
  const text = `${scheme === undefined ? 'https' : nameOf(scheme).toLowerCase()}://${authority ?? ''}${path ?? '/'}`;
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return undefined;
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function wanted(state: RequestState): WantedRequest {
  return { method: nameOf(state.method).toUpperCase(), url: urlOf(state) };
}

/** The resource `outgoing-request` of `wasi:http/types`: a guest can build one, and nobody sends it. */
export function createHttpRequests(
  fields: HttpFields,
  createBody: () => object,
  trap: (message: string) => never,
): HttpRequests {
  const slots: Slots<RequestState> = createSlots(trap);

  class OutgoingRequest {
    constructor(headers: object) {
      slots.hold(this, {
        headers: fields.take(headers),
        method: { tag: 'get' },
        scheme: undefined,
        authority: undefined,
        path: undefined,
        bodyTaken: false,
      });
    }
    body(): object {
      const state = slots.of(this);
      setIf(!state.bodyTaken, () => (state.bodyTaken = true));
      return createBody();
    }
    method(): Named {
      return slots.of(this).method;
    }
    setMethod(method: Named): void {
      const state = slots.of(this);
      setIf(fitsName(method), () => (state.method = method));
    }
    pathWithQuery(): string | undefined {
      return slots.of(this).path;
    }
    setPathWithQuery(path: string | undefined): void {
      const state = slots.of(this);
      setIf((path ?? '').length <= MAX_PATH, () => (state.path = path));
    }
    scheme(): Named | undefined {
      return slots.of(this).scheme;
    }
    setScheme(scheme: Named | undefined): void {
      const state = slots.of(this);
      setIf(scheme === undefined || fitsName(scheme), () => (state.scheme = scheme));
    }
    authority(): string | undefined {
      return slots.of(this).authority;
    }
    setAuthority(authority: string | undefined): void {
      const state = slots.of(this);
      setIf((authority ?? '').length <= MAX_AUTHORITY, () => (state.authority = authority));
    }
    headers(): object {
      return fields.show(slots.of(this).headers);
    }
    [Symbol.dispose](): void {
      slots.release(this);
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
