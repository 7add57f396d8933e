import { byteClass, DIGITS, LOWER, UPPER } from '../byte-class.ts';
import { FOUND, NOTHING, UNDECIDED, type Answer, type Detector, type Sight } from '../detector.ts';

const LOCAL = byteClass(`${LOWER}${UPPER}${DIGITS}.%+-_~'`, true);
const DOMAIN = byteClass(`${LOWER}${UPPER}${DIGITS}.-`, true);
const LETTER = byteClass(`${LOWER}${UPPER}`, true);
const ESCAPES = byteClass('nrtbf');
const [DOT, HYPHEN, QUOTE, BACKSLASH, AT] = [0x2e, 0x2d, 0x27, 0x5c, 0x40];

/** RFC 5321, sections 4.5.3.1.1 and 4.5.3.1.2. */
const LONGEST_LOCAL = 64;
const LONGEST_DOMAIN = 255;

/** The spellings of `@`: plain, in URLs, in JSON and in HTML. */
const SIGNS = ['%40', '\\u0040', '&#64;', '&#x40;', '&commat;'].map((sign) => Buffer.from(sign, 'latin1'));

/**
 * Addresses of the form `local@domain.tld`. The local part is of letters, digits, `.%+-_~'` and characters beyond ASCII;
 * of one that is longer than 64 bytes, the last 64. The domain has a dot and ends in a name that begins with a letter.
 */
export const email: Detector = Object.freeze({
  name: 'email',
  triggers: byteClass('@%\\&'),
  lookBack: LONGEST_LOCAL,
  before: LOCAL,
  mayFollow: (before: number): boolean => LOCAL[before] === 1,
  mayPrecede: (sign: number, after: number): boolean =>
    sign === AT ? DOMAIN[after] === 1 : SIGNS.some((one) => one[0] === sign && one[1] === fold(after)),
  probe(sight: Sight, at: number): Answer {
    if (LOCAL[sight.bytes[at - 1] ?? 0] === 0) return NOTHING;
    const sign = sight.bytes[at] === AT ? 1 : signLength(sight, at);
    if (sign === 0) return NOTHING;
    sight.from = localPart(sight, at);
    if (sight.from === at) return NOTHING;
    if (sign < 0) return UNDECIDED;
    const domain = at + sign;
    let to = domain;
    const most = Math.min(sight.end, domain + LONGEST_DOMAIN);
    while (to < most && DOMAIN[sight.bytes[to] ?? 0] === 1) to += 1;
    if (to === sight.end && to < domain + LONGEST_DOMAIN && !sight.final) return UNDECIDED;
    sight.to = domainEnd(sight.bytes, domain, to);
    return sight.to > domain ? FOUND : NOTHING;
  },
});

/** Where the local part begins that ends at `at`. */
function localPart({ bytes, floor }: Sight, at: number): number {
  const least = Math.max(floor, at - LONGEST_LOCAL);
  let from = at;
  while (from > least && LOCAL[bytes[from - 1] ?? 0] === 1) from -= 1;
  // Not in the middle of a character, not the letter of an escape, not a quote that opens.
  while (from < at && ((bytes[from] ?? 0) & 0xc0) === 0x80) from += 1;
  if (from > 0 && bytes[from - 1] === BACKSLASH && ESCAPES[bytes[from] ?? 0] === 1) from += 1;
  while (from < at && bytes[from] === QUOTE) from += 1;
  return Math.min(from, at);
}

/** The length of the sign at `at`; 0 for none, -1 where the rest of it is not there yet. */
function signLength({ bytes, end, final }: Sight, at: number): number {
  for (const sign of SIGNS) {
    let same = 0;
    while (same < sign.length && at + same < end && fold(bytes[at + same]) === sign[same]) same += 1;
    if (same === sign.length) return same;
    if (at + same === end && !final) return -1;
  }
  return 0;
}

const fold = (byte = 0): number => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);

/** The end of the domain in `from` to `to`; `from` if there is none. */
function domainEnd(bytes: Uint8Array, from: number, to: number): number {
  let label = from;
  let end = from;
  for (let at = from; at <= to; at += 1) {
    if (at < to && bytes[at] !== DOT) continue;
    if (at === label) break; // two dots, or one at the beginning
    if (label > from && at - label >= 2 && LETTER[bytes[label] ?? 0] === 1) end = at;
    label = at + 1;
  }
  while (end > from && bytes[end - 1] === HYPHEN) end -= 1;
  return end;
}
