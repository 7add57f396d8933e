import { canonicalHost } from './canonical-host.ts';
import type { IpAddress } from './ip-address.ts';

/** A URL in the one form that is decided on, recorded and sent. */
export interface CanonicalUrl {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly address: IpAddress | undefined;
  readonly port: number;
  /** `scheme://host[:port]`, the default port left out. */
  readonly origin: string;
  readonly path: string;
  /** With its `?`, or empty. */
  readonly search: string;
}

/** Why a URL is refused. */
export interface UrlRefusal {
  readonly refused: string;
}

export const LONGEST_URL = 8192;
export const MOST_SEGMENTS = 256;

// `URL` drops or turns these silently, other parsers do not: CWE-436.
const AMBIGUOUS = /[\u0000-\u001f\u007f\\]/u;
const ABSOLUTE = /^https?:\/\/([^/?#]+)/iu;
const ESCAPE = /%[0-9A-Fa-f]{2}/gu;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/u;
const SEPARATOR_ESCAPE = /%(?:2f|5c|00)/iu;
// RFC 3986, section 2.3, and the further characters that stand for themselves in a segment. The escapes of `+ ; = &`
// stay: servers read those four as delimiters.
const PLAIN = /^[A-Za-z0-9\-._~!$'()*,:@]$/u;

/** `canonicalUrl`, or one that remembers. */
export type CanonicaliseUrl = (text: string) => CanonicalUrl | UrlRefusal;

const MOST_REMEMBERED = 128;
const LONGEST_REMEMBERED = 512;

/** `canonicalUrl` that remembers its last answers: agents ask the same few URLs again and again. */
export function createUrlCanonicaliser(): CanonicaliseUrl {
  const answers = new Map<string, CanonicalUrl | UrlRefusal>();
  return (text) => {
    const known = answers.get(text);
    if (known !== undefined) return known;
    const answer = Object.freeze(canonicalUrl(text));
    if (answers.size >= MOST_REMEMBERED) answers.clear();
    if (text.length <= LONGEST_REMEMBERED) answers.set(text, answer);
    return answer;
  };
}

/** Canonicalises a URL. It is parsed here and nowhere else. */
export function canonicalUrl(text: string): CanonicalUrl | UrlRefusal {
  if (text.length > LONGEST_URL) return { refused: 'the URL is longer than 8192 characters' };
  if (AMBIGUOUS.test(text) || text.trim() !== text)
    return { refused: 'the URL holds a control character, a backslash or space around it' };
  const authority = ABSOLUTE.exec(text)?.[1];
  if (authority === undefined) return { refused: 'the URL is not an absolute http or https URL' };
  if (authority.includes('@')) return { refused: 'the URL holds user information' };
  if (text.includes('#')) return { refused: 'the URL holds a fragment' };
  const url = URL.parse(text);
  if (url === null) return { refused: 'the URL cannot be parsed' };
  const host = canonicalHost(url.hostname);
  if (host === undefined) return { refused: 'the host is not a name or an address' };
  if (url.port === '0') return { refused: 'the port is 0' };
  const path = canonicalPath(url.pathname);
  if (typeof path !== 'string') return path;
  if (url.href.length > LONGEST_URL) return { refused: 'the URL is longer than 8192 characters' };
  // `ABSOLUTE` leaves no other scheme.
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  return {
    scheme,
    host: host.text,
    address: host.address,
    port: url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port),
    origin: `${scheme}://${host.text}${url.port === '' ? '' : `:${url.port}`}`,
    path,
    search: url.search,
  };
}

/** Dot segments are gone already (WHATWG); what is left are escapes, in one spelling each (RFC 3986, section 6.2.2). */
function canonicalPath(pathname: string): string | UrlRefusal {
  if (!pathname.includes('%')) return countSegments(pathname) ?? pathname;
  if (BAD_ESCAPE.test(pathname)) return { refused: 'the path holds a `%` that begins no escape' };
  if (SEPARATOR_ESCAPE.test(pathname)) return { refused: 'the path holds an escaped slash, backslash or NUL' };
  const path = pathname.replace(ESCAPE, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return PLAIN.test(character) ? character : escape.toUpperCase();
  });
  return countSegments(path) ?? path;
}

function countSegments(path: string): UrlRefusal | undefined {
  let count = 0;
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) count += 1;
  return count > MOST_SEGMENTS ? { refused: 'the path has more than 256 segments' } : undefined;
}
