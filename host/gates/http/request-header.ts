/** A header field: name in lower case, value without space around it. */
export type HeaderField = readonly [name: string, value: string];

/** The header of a request in canonical form, the guest's fields first, or why it is refused. */
export type CanonicalHeader =
  | {
      readonly fields: readonly HeaderField[];
      readonly given: number;
      /** Names and values in turn. */
      readonly flat: string[];
    }
  | { readonly refused: string; readonly large?: true };

export const MOST_FIELDS = 64;
export const LARGEST_HEADER = 16_384;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u; // RFC 9110, section 5.6.2
const VALUE = /^[\t\x20-\x7e]*$/u; // RFC 9110, section 5.5, without the obsolete bytes above 0x7e

/** Framing and connection belong to the host (RFC 9110, section 7.6.1; RFC 9112, section 6). */
const HOST_ONLY: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'cookie2',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Fields with which a server may take another method, path or client than the one that was decided on. */
const OVERRIDES: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded',
  'x-host',
  'x-http-host-override',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-method',
  'x-original-url',
  'x-real-ip',
  'x-rewrite-url',
]);
const OVERRIDE_PREFIXES = ['proxy-', 'x-forwarded-'];

/** Fields of which two are a disagreement. */
const SINGLE: ReadonlySet<string> = new Set([
  'accept-encoding',
  'authorization',
  'content-encoding',
  'content-type',
  'cookie',
  'range',
  'user-agent',
]);

/** What the host sends where the guest says nothing. */
const DEFAULTS: readonly HeaderField[] = [
  ['accept-encoding', 'gzip, deflate, br, zstd'],
  ['user-agent', 'sallyport'],
];

const ONLY_DEFAULTS: CanonicalHeader = { fields: DEFAULTS, given: 0, flat: DEFAULTS.flat() };

/** Canonicalises the header fields of a guest and adds the host's defaults. */
export function canonicalHeader(given: readonly HeaderField[]): CanonicalHeader {
  if (given.length === 0) return ONLY_DEFAULTS;
  if (given.length > MOST_FIELDS) return { refused: 'there are more than 64 header fields', large: true };
  const fields: HeaderField[] = [];
  const seen = new Set<string>();
  let size = 0;
  for (const [givenName, givenValue] of given) {
    size += givenName.length + givenValue.length;
    if (size > LARGEST_HEADER) return { refused: 'the header is larger than 16384 bytes', large: true };
    // Before lower case: U+212A would become `k`.
    if (!TOKEN.test(givenName)) return { refused: 'a header name is not a token' };
    const name = givenName.toLowerCase();
    if (!VALUE.test(givenValue)) return { refused: 'a header value holds a character outside of printable ASCII' };
    if (isForbidden(name)) return { refused: 'a header field is set that belongs to the host' };
    if (SINGLE.has(name) && seen.has(name)) return { refused: 'a header field stands twice that may stand once' };
    seen.add(name);
    fields.push([name, givenValue.trim()]);
  }
  for (const field of DEFAULTS) if (!seen.has(field[0])) fields.push(field);
  return { fields, given: given.length, flat: fields.flat() };
}

/** True for a field that no guest may set; the name in lower case. */
export function isForbidden(name: string): boolean {
  // Gateways that pass fields as environment variables cannot tell `_` from `-` (RFC 3875, section 4.1.18).
  const folded = name.replaceAll('_', '-');
  return (
    HOST_ONLY.has(folded) || OVERRIDES.has(folded) || OVERRIDE_PREFIXES.some((prefix) => folded.startsWith(prefix))
  );
}

/** The fields that may follow a redirect to another origin. Everything else may be a credential. */
const PORTABLE: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-language',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
  'user-agent',
]);

/** The fields for the next hop of a redirect. Those that describe a body go with the body. */
export function fieldsForHop(
  fields: readonly HeaderField[],
  sameOrigin: boolean,
  keepsBody: boolean,
): readonly HeaderField[] {
  return fields.filter(([name]) => (sameOrigin || PORTABLE.has(name)) && (keepsBody || !name.startsWith('content-')));
}
