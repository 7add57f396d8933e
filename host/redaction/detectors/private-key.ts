import { byteClass, DIGITS, LOWER, UPPER } from '../byte-class.ts';
import { BEGUN, NO_BYTES, NOTHING, UNDECIDED, type Answer, type Detector, type Sight } from '../detector.ts';

const BEGIN = Buffer.from('-----BEGIN ', 'latin1');
const END = Buffer.from('-----END ', 'latin1');
const LABEL = byteClass(`${UPPER}${DIGITS} `);
/** What stands in a block: base64, headers of it, line ends, also where they are escaped. */
const BODY = byteClass(`${LOWER}${UPPER}${DIGITS}+/=-:, \t\r\n\\"#>|&;%`);
const KEY = Buffer.from('PRIVATE KEY', 'latin1');
const HYPHEN = 0x2d;
/** The words between the hyphens: `ENCRYPTED PRIVATE KEY`, `PGP PRIVATE KEY BLOCK`. */
const LONGEST_LABEL = 48;

/**
 * Private keys in PEM (RFC 7468): from `-----BEGIN … PRIVATE KEY…-----` to the end of the line that ends the block, or to
 * the first byte that no block holds. A key without its end is masked as far as it goes.
 */
export const privateKey: Detector = Object.freeze({
  name: 'private-key',
  triggers: byteClass('-'),
  lookBack: 0,
  before: NO_BYTES,
  mayPrecede: (_hyphen: number, after: number) => after === HYPHEN,
  probe(sight: Sight, at: number): Answer {
    sight.from = at;
    const to = lineEnd(sight, at, BEGIN);
    if (to <= 0) return to === 0 ? NOTHING : UNDECIDED;
    if (!holds(sight.bytes, at, to, KEY)) return NOTHING;
    sight.to = to;
    return BEGUN;
  },
  rest(sight: Sight): boolean {
    const { bytes, end, final } = sight;
    for (; sight.to < end; sight.to += 1) {
      const byte = bytes[sight.to] ?? 0;
      if (BODY[byte] === 0) return true;
      if (byte !== HYPHEN) continue;
      const to = lineEnd(sight, sight.to, END);
      if (to < 0) return false;
      if (to > 0) {
        sight.to = to;
        return true;
      }
    }
    return final;
  },
});

/** The end of `-----BEGIN LABEL-----` at `from`; 0 if it is none, -1 where that is not known yet. */
function lineEnd({ bytes, end, final }: Sight, from: number, start: Uint8Array): number {
  for (let index = 0; index < start.length; index += 1) {
    if (from + index >= end) return final ? 0 : -1;
    if (bytes[from + index] !== start[index]) return 0;
  }
  let at = from + start.length;
  const most = at + LONGEST_LABEL;
  while (at < end && at < most && LABEL[bytes[at] ?? 0] === 1) at += 1;
  for (const stop = at + 5; at < stop; at += 1) {
    if (at >= end) return final ? 0 : -1;
    if (bytes[at] !== HYPHEN) return 0;
  }
  return at;
}

function holds(bytes: Uint8Array, from: number, to: number, wanted: Uint8Array): boolean {
  for (let at = from; at + wanted.length <= to; at += 1) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return true;
  }
  return false;
}
