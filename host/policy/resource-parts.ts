import { MAX_TEXT_PARTS } from './path-glob.ts';

/** A resource, or a resource pattern, cut into parts. Nothing is checked here but the form. */
export interface ResourceParts {
  readonly text: string;
  /** Scheme and port (`https://:8443`), the name (`db:`), or nothing for a file path. Compared as it stands. */
  readonly head: string;
  /** Everything before the path: `https://api.example.com:8443`, `db:`, or nothing. */
  readonly origin: string;
  /** Empty where there is none. */
  readonly host: string;
  /** Whether the host is an address: no wildcard matches it. */
  readonly address: boolean;
  /** Segments of the path. */
  readonly path: readonly string[];
  /** Where in the text host, port and path begin; -1 without. */
  readonly at: { readonly host: number; readonly port: number; readonly path: number };
}

/** The schemes of resources that have a host, with the port that is left out. */
export const SCHEMES: ReadonlyMap<string, string> = new Map([
  ['http', '80'],
  ['https', '443'],
]);
/** The names of resources that have none. */
export const NAMES: readonly string[] = ['db', 'tool', 'log', 'policy', 'net'];

const ADDRESS = /^(?:\[|\d+\.\d+\.\d+\.\d+$)/;

/** Cuts a resource or a pattern; `undefined` if it has none of the three forms. */
export function splitResource(text: string): ResourceParts | undefined {
  if (text.startsWith('/')) return withoutHost('', text, 1);
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  const name = text.slice(0, colon);
  if (NAMES.includes(name)) return withoutHost(text.slice(0, colon + 1), text, colon + 1);
  return SCHEMES.has(name) && text.startsWith('//', colon + 1) ? withHost(text, colon + 3) : undefined;
}

function withoutHost(head: string, text: string, path: number): ResourceParts {
  return {
    text,
    head,
    origin: head,
    host: '',
    address: false,
    path: text.slice(path).split('/'),
    at: { host: -1, port: -1, path },
  };
}

function withHost(text: string, start: number): ResourceParts | undefined {
  const slash = text.indexOf('/', start);
  if (slash < 0) return undefined;
  const origin = text.slice(0, slash);
  const colon = origin.indexOf(':', text.startsWith('[', start) ? Math.max(start, origin.indexOf(']')) : start);
  const host = origin.slice(start, colon < 0 ? slash : colon);
  return {
    text,
    head: colon < 0 ? text.slice(0, start) : text.slice(0, start) + origin.slice(colon),
    origin,
    host,
    address: ADDRESS.test(host),
    path: text.slice(slash + 1).split('/'),
    at: { host: start, port: colon < 0 ? -1 : colon + 1, path: slash + 1 },
  };
}

const HOST_NAME = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/;
const HOST_LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;
const HOST_ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\])$/;
const PORT = /^[1-9]\d{0,4}$/;
/** RFC 1035, section 2.3.4. */
const MAX_HOST = 253;

export const isHostLabel = (label: string): boolean => HOST_LABEL.test(label);
export const isPort = (port: string): boolean => PORT.test(port) && Number(port) <= 65_535;

/**
 * Cuts a resource that a gate hands over; `undefined` for one that is not in canonical form, and so cannot be decided.
 * The gates canonicalise; this is the second line, for what would slip past a deny row (CWE-22, CWE-178).
 */
export function splitCanonical(text: string): ResourceParts | undefined {
  const parts = splitResource(text);
  if (parts === undefined || parts.path.length > MAX_TEXT_PARTS) return undefined;
  if (parts.path.includes('..') || parts.path.includes('.')) return undefined;
  return parts.at.host < 0 || canonicalAuthority(parts) ? parts : undefined;
}

function canonicalAuthority({ text, host, address, origin, at }: ResourceParts): boolean {
  if (at.port >= 0) {
    const port = origin.slice(at.port);
    if (!isPort(port) || SCHEMES.get(text.slice(0, at.host - 3)) === port) return false;
  }
  if (address) return HOST_ADDRESS.test(host);
  return host.length <= MAX_HOST && HOST_NAME.test(host) && !host.includes('..');
}
