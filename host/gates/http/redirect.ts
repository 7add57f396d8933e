import { Buffer } from 'node:buffer';
import type { HttpConfig } from './config.ts';
import type { GuestRequest, HttpTarget } from './request.ts';
import { fieldsForHop } from './request-header.ts';

/** What to do after an answer. */
export type Next =
  | { readonly kind: 'answer' }
  | { readonly kind: 'refuse' }
  /** The request of the next hop. It is parsed, decided and recorded like any other. */
  | { readonly kind: 'follow'; readonly request: GuestRequest; readonly keepsBody: boolean };

/** The part of an answer that a redirect is told by. */
export interface Redirecting {
  readonly status: number;
  readonly locations: readonly string[];
}

/** RFC 9110, section 15.4. The others of 3xx redirect nothing by themselves. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

const AMBIGUOUS = /[\u0000-\u001f\u007f\\]/u;

/** The most hops after the first request: the lower of what the guest and the configuration say. */
export const hopLimit = (request: GuestRequest, config: HttpConfig): number =>
  Math.min(request.maxRedirects ?? config.maxRedirects, config.maxRedirects);

/** Tells what follows on the answer to the hop `hops` (0 for the first). */
export function nextHop(
  request: GuestRequest,
  target: HttpTarget,
  answer: Redirecting,
  hops: number,
  limit: number,
): Next {
  const [location, ...more] = answer.locations;
  if (!REDIRECTS.has(answer.status) || location === undefined || limit === 0) return { kind: 'answer' };
  if (hops >= limit || more.some((other) => other !== location)) return { kind: 'refuse' };
  const from = new URL(target.origin + target.path);
  const to = resolveLocation(location, from);
  if (to === undefined || (from.protocol === 'https:' && to.protocol === 'http:')) return { kind: 'refuse' };
  const method = methodAfter(answer.status, request.method);
  const keepsBody = method === request.method;
  return {
    kind: 'follow',
    keepsBody,
    request: {
      method,
      url: to.href,
      headers: fieldsForHop(target.fields, to.origin === from.origin, keepsBody),
      body: keepsBody ? request.body : undefined,
      maxRedirects: request.maxRedirects,
    },
  };
}

/** The URL that `location` means; only http and https. A fragment is for the reader of the answer: it is not sent. */
function resolveLocation(location: string, from: URL): URL | undefined {
  // Header bytes come as Latin-1; servers that do not escape send UTF-8.
  const text = Buffer.from(location, 'latin1').toString('utf8');
  const to = AMBIGUOUS.test(text) ? null : URL.parse(text, from);
  if (to === null || (to.protocol !== 'http:' && to.protocol !== 'https:')) return undefined;
  to.hash = '';
  return to;
}

/** RFC 9110, sections 15.4.2 to 15.4.4: 303 asks for a GET, and so does 301 or 302 after a POST. */
function methodAfter(status: number, method: string): string {
  if (status === 303) return method === 'head' ? 'head' : 'get';
  return (status === 301 || status === 302) && method === 'post' ? 'get' : method;
}
