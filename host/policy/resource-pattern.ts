import { CellError } from './cell-error.ts';
import { codeOf, findLookAlike } from './look-alike.ts';
import { coversParts, matchParts, MAX_PATTERN_PARTS, parsePath, type Part } from './path-glob.ts';
import { isHostLabel, isPort, NAMES, SCHEMES, splitResource, type ResourceParts } from './resource-parts.ts';
import { suggestion } from './spelling.ts';

/** The resource cell of a row, compiled. Matching takes linear time and allocates nothing. */
export interface ResourcePattern {
  readonly text: string;
  /** Names one host and no wildcard in it; without host: no wildcard at all. */
  readonly namesHost: boolean;
  readonly parts: ResourceParts;
  /** `undefined` where the host has no wildcard: then the origin is compared as a whole. */
  readonly host: HostWildcard | undefined;
  readonly path: readonly Part[];
  /** Where the host has no wildcard: the text up to the first segment with one, and the segments from there on. */
  readonly prefix: string;
  readonly depth: number;
  readonly tail: readonly Part[];
}

/** A host that begins with a wildcard. */
export interface HostWildcard {
  /** `**`: one label or more; `*`: exactly one. */
  readonly many: boolean;
  /** What follows the wildcard: `.example.com`, or nothing. */
  readonly suffix: string;
}

/** Reads a resource pattern. Throws a `CellError` for anything that is not in the grammar, or that could never match. */
export function parseResourcePattern(text: string): ResourcePattern {
  if (text.startsWith('!')) throw new CellError(0, 'a pattern cannot be negated; write a deny row');
  const [, quoted] = /^(['"`])(.*)\1$/s.exec(text)?.slice(1) ?? [];
  if (quoted !== undefined) throw new CellError(0, `cells are never quoted; expected \`${quoted}\``);
  const odd = /[\s\p{Cc}'"`]/u.exec(text);
  if (odd) throw new CellError(odd.index, `a resource pattern has no \`${escape(odd[0])}\`; put \`*\` in its place`);
  const parts = splitResource(text);
  if (parts === undefined) throw new CellError(0, unknownForm(text));
  const count = parts.path.length + (parts.host === '' ? 0 : parts.host.split('.').length);
  if (count > MAX_PATTERN_PARTS)
    throw new CellError(0, `a pattern has at most ${MAX_PATTERN_PARTS} parts, and this one has ${count}`);
  const path = parsePath(text.slice(parts.at.path), parts.at.path);
  refuseUnreachable(text, parts);
  if (parts.at.host >= 0) checkHost(text, parts);
  const many = parts.host.startsWith('**');
  const wild = parts.host.startsWith('*');
  return Object.freeze({
    text,
    namesHost: parts.at.host < 0 ? !text.includes('*') : !wild,
    parts,
    host: wild ? { many, suffix: parts.host.slice(many ? 2 : 1) } : undefined,
    path,
    ...cutPrefix(text, parts, path),
  });
}

function cutPrefix(
  text: string,
  parts: ResourceParts,
  path: readonly Part[],
): Pick<ResourcePattern, 'prefix' | 'depth' | 'tail'> {
  const wildcard = path.findIndex(({ kind }) => kind !== 'literal');
  if (wildcard < 0) return { prefix: text, depth: path.length, tail: [] };
  const length = parts.path.slice(0, wildcard).reduce((sum, segment) => sum + segment.length + 1, parts.at.path);
  return { prefix: text.slice(0, length), depth: wildcard, tail: path.slice(wildcard) };
}

/** Whether a resource, cut into parts, is one that the pattern describes. */
export function matchesResource(pattern: ResourcePattern, given: ResourceParts): boolean {
  if (pattern.host !== undefined)
    return originMatches(pattern.host, pattern.parts, given) && matchParts(pattern.path, given.path);
  const { prefix, tail, depth } = pattern;
  if (tail.length === 0) return given.text === prefix;
  // The prefix ends with the `/` before the first wildcard, so host, port and whole segments are compared.
  return given.text.startsWith(prefix) && matchParts(tail, given.path, depth);
}

/** A wildcard never stands for an address: an address is matched by itself alone. */
function originMatches(host: HostWildcard | undefined, own: ResourceParts, given: ResourceParts): boolean {
  if (host === undefined) return own.origin === given.origin;
  return own.head === given.head && !given.address && hostMatches(host, given.host);
}

/** The suffix begins with a dot, so whole labels are compared. */
function hostMatches({ many, suffix }: HostWildcard, host: string): boolean {
  const length = host.length - suffix.length;
  return length > 0 && host.endsWith(suffix) && (many || host.indexOf('.') === length);
}

/** Whether every resource of `narrow` is one of `broad` as well. May say no where the answer is yes. */
export function coversResource(broad: ResourcePattern, narrow: ResourcePattern): boolean {
  return originCovers(broad, narrow) && coversParts(broad.path, narrow.path);
}

function originCovers(broad: ResourcePattern, narrow: ResourcePattern): boolean {
  if (narrow.host === undefined) return originMatches(broad.host, broad.parts, narrow.parts);
  if (broad.host === undefined || broad.parts.head !== narrow.parts.head) return false;
  if (!broad.host.many) return !narrow.host.many && broad.host.suffix === narrow.host.suffix;
  return narrow.host.suffix.endsWith(broad.host.suffix);
}

/** Whether the pattern names its host (or, without host, its resource) without any wildcard. */
export const namesHost = (pattern: ResourcePattern): boolean => pattern.namesHost;

function unknownForm(text: string): string {
  const colon = text.indexOf(':');
  const known = [...SCHEMES.keys(), ...NAMES];
  if (colon < 0) return `\`${text}\` is not a resource; expected \`https://host/path\`, \`/path\`, or \`name:path\``;
  const name = text.slice(0, colon);
  if (SCHEMES.has(name))
    return `a \`${name}\` resource has a host and a path; expected \`${name}://host/path\`, for instance \`${name}://host/**\``;
  return `unknown scheme or name \`${name}\`${suggestion(name, known)}`;
}

/** Parts that no canonical resource has: such a row could never match, and a deny row that never matches is a hole. */
function refuseUnreachable(text: string, parts: ResourceParts): void {
  const path = text.slice(parts.at.path);
  const dots = /(?:^|\/)\.{1,2}(?=\/|$)/.exec(path);
  if (dots) throw new CellError(parts.at.path + dots.index, 'resources have no dot segments, so this never matches');
  if (parts.head === '') refuseFilePath(text);
  if (parts.head.endsWith(':') && parts.at.host < 0) refuseEmptySegment(path, parts.at.path);
  // An escape has capitals: `%2D`.
  if (parts.head === 'db:' && /\p{Lu}/u.test(path.replace(/%[0-9A-F]{2}/g, '')))
    throw new CellError(parts.at.path, 'database names are in lower case in resources');
  if (parts.at.host >= 0) refuseUrlPath(path, parts.at.path);
}

function refuseFilePath(text: string): void {
  const empty = text.indexOf('//');
  if (empty >= 0) throw new CellError(empty, 'file paths have no empty segment, so this never matches');
  if (text.length > 1 && text.endsWith('/')) {
    throw new CellError(
      text.length - 1,
      `file paths do not end with \`/\`; expected \`${text.slice(0, -1)}\` or \`${text}**\``,
    );
  }
  if (text !== text.normalize('NFC'))
    throw new CellError(0, 'file paths are in Unicode form NFC, so this never matches');
}

function refuseUrlPath(path: string, offset: number): void {
  const fragment = path.indexOf('#');
  if (fragment >= 0) throw new CellError(offset + fragment, 'resources have no fragment, so this never matches');
  const encoded = /%(?:2f|5c|00)/i.exec(path);
  if (encoded)
    throw new CellError(offset + encoded.index, `\`${encoded[0]}\` is refused in every request, so this never matches`);
  const wide = /\P{ASCII}/u.exec(path);
  if (wide) throw new CellError(offset + wide.index, `URLs are percent-encoded; expected \`${encodeURI(wide[0])}\``);
  for (const { 0: escape, index } of path.matchAll(/%(?:[0-9A-F]{2})?/gi)) refuseEscape(escape, offset + index);
  for (const { 0: character, index } of path.matchAll(/[^%*/A-Za-z0-9\-._~!$&'()+,;=:@]/g)) {
    const written = URL.parse(`http://h/${character}`)?.pathname.slice(1);
    if (written !== undefined && written !== character)
      throw new CellError(offset + index, `URLs are percent-encoded; expected \`${written}\``);
  }
}

/** Stand for themselves in the path of a request, whatever way the guest wrote them (RFC 3986, sections 2.3 and 3.3). */
const PLAIN = /^[A-Za-z0-9\-._~!$'()*,:@]$/;

/** Requests have every escape in one spelling, and none that is needless. */
function refuseEscape(escape: string, offset: number): void {
  if (escape === '%') throw new CellError(offset, '`%` begins no escape here; expected `%25` for the character itself');
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  const written = PLAIN.test(character) ? character : escape.toUpperCase();
  if (written === '*' || written === ',')
    throw new CellError(offset, `requests have \`${written}\` here, which no pattern can name; put \`*\` in its place`);
  if (written !== escape)
    throw new CellError(offset, `requests are without \`${escape}\`, so this never matches; expected \`${written}\``);
}

function refuseEmptySegment(path: string, offset: number): void {
  const empty = /^(?=\/|$)|\/(?=\/|$)/.exec(path);
  if (empty)
    throw new CellError(
      offset + empty.index,
      'such a resource has no empty segment, so this never matches; expected a name, `*` or `**`',
    );
}

function checkHost(text: string, parts: ResourceParts): void {
  const { host, port, path } = parts.at;
  if (port >= 0) refusePort(text.slice(0, host - 3), text.slice(port, path - 1), port);
  if (parts.address) {
    refuseAddress(parts.host, host);
    return;
  }
  if (parts.host === '*')
    throw new CellError(host, '`*` alone is not a host; expected `**`, `*.example.com` or a name');
  const labels = parts.host.split('.');
  const wild = labels[0] === '*' || labels[0] === '**' ? 1 : 0;
  let at = host;
  for (const [index, label] of labels.entries()) {
    if (index >= wild) refuseLabel(label, at);
    at += label.length + 1;
  }
  // WHATWG URL reads such a host as an IPv4 address.
  if (labels.length > wild && /^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')) {
    throw new CellError(host, 'an address is written in full, as `127.0.0.1`');
  }
}

function refuseLabel(label: string, offset: number): void {
  if (isHostLabel(label)) return;
  if (label === '') throw new CellError(offset, 'a host has no empty label and no trailing dot');
  if (label.includes('*')) throw new CellError(offset, 'in a host a wildcard is the whole first label: `*.` or `**.`');
  if (label.includes('@')) throw new CellError(offset, 'resources have no user, so this never matches');
  if (/[A-Z]/.test(label))
    throw new CellError(offset, `host names are in lower case; expected \`${label.toLowerCase()}\``);
  throw new CellError(
    offset,
    /\P{ASCII}/u.test(label)
      ? `\`${label}\` is not a host label; names of other scripts are written in their \`xn--\` form${asciiForm(label)}`
      : `\`${label}\` is not a host label; expected letters, digits, \`-\` or \`_\`, and no \`-\` at either end`,
  );
}

/** Shown with the letter that a reader takes for another, so that nobody copies the form of a name that was not meant. */
function asciiForm(label: string): string {
  const alike = findLookAlike(label);
  if (alike !== undefined) return `, and \`${alike.letter}\` is ${codeOf(alike.letter)}`;
  const name = URL.parse(`http://${label}/`)?.hostname;
  return name?.startsWith('xn--') === true && isHostLabel(name) ? `; expected \`${name}\`` : '';
}

function refusePort(scheme: string, port: string, offset: number): void {
  if (port.includes('*')) throw new CellError(offset, 'a port has no wildcard');
  if (!isPort(port)) throw new CellError(offset, `\`${port}\` is not a port; expected 1 to 65535`);
  if (SCHEMES.get(scheme) === port)
    throw new CellError(offset, `${port} is the default port of \`${scheme}\`; leave it out`);
}

function refuseAddress(address: string, offset: number): void {
  if (address.includes('*')) throw new CellError(offset, 'wildcards never match an address; write it in full');
  const url = URL.parse(`http://${address}/`);
  if (url === null)
    throw new CellError(offset, `\`${address}\` is not an address; expected for instance \`127.0.0.1\` or \`[::1]\``);
  if (url.hostname.startsWith('[::ffff:')) throw new CellError(offset, 'a mapped address is written as IPv4');
  if (url.hostname !== address)
    throw new CellError(offset, `\`${address}\` is not in canonical form; expected \`${url.hostname}\``);
}

const escape = (character: string): string =>
  /\s|\p{Cc}/u.test(character) ? encodeURIComponent(character) : character;
