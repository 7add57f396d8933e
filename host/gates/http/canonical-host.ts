import { parseAddress, type IpAddress } from './ip-address.ts';

/** The host of a URL in the one form that is decided on and dialled. */
export interface CanonicalHost {
  /** A name of A-labels without trailing dot, dotted decimal, or an IPv6 address in brackets. */
  readonly text: string;
  /** Present where the host is an address: it is dialled as it stands, nothing is resolved. */
  readonly address?: IpAddress;
}

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/u;
const LONGEST_NAME = 253;

/** Canonicalises the `hostname` of a parsed WHATWG URL. `undefined` for what cannot be a name of the DNS. */
export function canonicalHost(hostname: string): CanonicalHost | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  const address = parseAddress(bare);
  if (address !== undefined) return { text: address.family === 4 ? address.text : `[${address.text}]`, address };
  const name = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
  if (name.length > LONGEST_NAME || !name.split('.').every((label) => LABEL.test(label))) return undefined;
  return { text: name };
}
