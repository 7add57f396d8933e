/** An IP address as 16-bit words: two for IPv4, eight for IPv6. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly words: readonly number[];
  /** Dotted decimal, or RFC 5952 without brackets. */
  readonly text: string;
}

const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const DOTTED = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`, 'u');
const IPV6_LETTERS = /^[0-9A-Fa-f:.]{2,45}$/u;

/**
 * Reads an address. IPv4-mapped and IPv4-compatible IPv6 addresses (RFC 4291, section 2.5.5) are read as the IPv4
 * address that they mean. Zone ids, octal, hexadecimal and short forms are not addresses here: `undefined`.
 */
export function parseAddress(text: string): IpAddress | undefined {
  if (!text.includes(':')) return parseDotted(text);
  if (!IPV6_LETTERS.test(text)) return undefined;
  const hostname = URL.parse(`http://[${text}]/`)?.hostname;
  if (hostname === undefined) return undefined;
  const canonical = hostname.slice(1, -1);
  const words = expand(canonical);
  return meantIpv4(words) ?? { family: 6, words, text: canonical };
}

function parseDotted(text: string): IpAddress | undefined {
  const octets = DOTTED.exec(text);
  if (octets === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = octets.slice(1).map(Number);
  return ipv4((a << 8) | b, (c << 8) | d);
}

/** The IPv4 address of two words. */
export function ipv4(high: number, low: number): IpAddress {
  return { family: 4, words: [high, low], text: [high >> 8, high & 255, low >> 8, low & 255].join('.') };
}

/** True if the first `length` bits of the address are those of `network`. */
export function inNetwork(address: readonly number[], network: readonly number[], length: number): boolean {
  for (let word = 0, left = length; left > 0; word += 1, left -= 16) {
    const mask = left >= 16 ? 0xffff : 0xffff & (0xffff << (16 - left));
    if (((address[word] ?? 0) & mask) !== ((network[word] ?? 0) & mask)) return false;
  }
  return true;
}

/** A range of addresses of one family. */
export interface Network {
  readonly family: 4 | 6;
  readonly words: readonly number[];
  readonly length: number;
}

/** Reads `ADDRESS/LENGTH`; bits beyond the length must be zero. */
export function parseNetwork(text: string): Network | undefined {
  const [, prefix = '', bits = ''] = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/u.exec(text) ?? [];
  // Words are read without `meantIpv4`, so that the mapped range itself can be named.
  const address = prefix.includes(':') ? rawIpv6(prefix) : parseAddress(prefix);
  const length = Number(bits);
  if (address === undefined || length > address.words.length * 16) return undefined;
  const whole = address.words.every((word, index) => {
    const kept = Math.min(16, Math.max(0, length - index * 16));
    return (word & (0xffff >> kept)) === 0;
  });
  return whole ? { family: address.family, words: address.words, length } : undefined;
}

function rawIpv6(text: string): { family: 6; words: readonly number[] } | undefined {
  const hostname = IPV6_LETTERS.test(text) ? URL.parse(`http://[${text}]/`)?.hostname : undefined;
  return hostname === undefined ? undefined : { family: 6, words: expand(hostname.slice(1, -1)) };
}

/** Eight words from the canonical text: hexadecimal words and at most one `::`. */
function expand(canonical: string): readonly number[] {
  const [head = '', tail] = canonical.split('::');
  const words = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  if (tail === undefined) return words(head);
  const [before, after] = [words(head), words(tail)];
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}

function meantIpv4(words: readonly number[]): IpAddress | undefined {
  const [, , , , , sixth = 0, high = 0, low = 0] = words;
  if (words.slice(0, 5).some((word) => word !== 0)) return undefined;
  if (sixth === 0xffff) return ipv4(high, low);
  // `::` and `::1` are addresses of their own, not compatible ones.
  return sixth === 0 && (high !== 0 || low > 1) ? ipv4(high, low) : undefined;
}
