import { byteClass, DIGITS, isDigit, isWord, startsWord } from '../byte-class.ts';
import {
  FOUND,
  NO_BYTES,
  NOTHING,
  UNDECIDED,
  type Answer,
  type Detector,
  type DigitRun,
  type Sight,
} from '../detector.ts';

const SEPARATORS = byteClass(' -./()');
const TIES = byteClass('.,:/-_');
const [PLUS, OPEN, CLOSE, SPACE, HYPHEN, DOT, ZERO, ONE] = [0x2b, 0x28, 0x29, 0x20, 0x2d, 0x2e, 0x30, 0x31];
/** ITU-T E.164, section 6: at most 15 digits with the country. */
const MOST_DIGITS = 15;

/**
 * Telephone numbers in three forms: `+` and 8 to 15 digits; a trunk `0` and 9 to 11 digits (`00`: up to 15) in at least
 * two groups with the same sign between them; and ten digits as they are grouped in North America, `(212) 555-0100`,
 * `212-555-0100`, `212.555.0100`, with or without `1`. Digits in one piece without `+` are not taken for one.
 */
export const phone: Detector = Object.freeze({
  name: 'phone',
  triggers: byteClass(`${DIGITS}+(`),
  lookBack: 0,
  before: NO_BYTES,
  mayBe({ first, length, after, goesOn, afterWord }: DigitRun) {
    if (afterWord) return false;
    if (first === 'zero') return length >= 2 && length <= 5 && SEPARATORS[after] === 1 && goesOn;
    if (first === 'other' && !goesOn) return false; // behind `1 ` a bracket may open
    return length === (first === 'one' ? 1 : 3) && (after === HYPHEN || after === DOT || after === SPACE);
  },
  mayPrecede: (sign: number, after: number): boolean => isDigit(after) && after > (sign === OPEN ? ONE : ZERO),
  probe(sight: Sight, at: number): Answer {
    const { bytes } = sight;
    sight.from = at;
    if (!startsWord(bytes, at)) return NOTHING;
    if (bytes[at] === PLUS) return international(sight, at);
    if (bytes[at] === OPEN) return american(sight, at);
    if (TIES[bytes[at - 1] ?? 0] === 1 && isWord(bytes[at - 2])) return NOTHING;
    return bytes[at] === ZERO ? trunk(sight, at) : american(sight, at);
  },
});

function international(sight: Sight, at: number): Answer {
  const { bytes, end, final } = sight;
  if (at + 1 >= end) return final ? NOTHING : UNDECIDED;
  const first = bytes[at + 1] ?? 0;
  if (!isDigit(first) || first === ZERO) return NOTHING;
  let digits = 0;
  let group = 0; // the end of the last group that fits
  let place = at + 1;
  for (;;) {
    const start = place;
    while (place < end && isDigit(bytes[place]) && digits <= MOST_DIGITS) {
      place += 1;
      digits += 1;
    }
    if (digits > MOST_DIGITS || place === start) break;
    if (digits >= 8) group = place;
    let next = place;
    while (next < end && next - place < 2 && SEPARATORS[bytes[next] ?? 0] === 1) next += 1;
    if (next === end && !final) return UNDECIDED;
    if (next === place || next >= end) break;
    place = next;
  }
  sight.to = group;
  return group > 0 && !isDigit(sight.to < end ? bytes[sight.to] : undefined) ? FOUND : NOTHING;
}

function trunk(sight: Sight, from: number): Answer {
  const { bytes, end, final } = sight;
  let digits = 0;
  let groups = 0;
  let separator = 0;
  let at = from;
  for (;;) {
    const start = at;
    while (at < end && isDigit(bytes[at]) && digits <= MOST_DIGITS) {
      at += 1;
      digits += 1;
    }
    if (digits > MOST_DIGITS) return NOTHING;
    if (at === end && !final) return UNDECIDED;
    groups += 1;
    if (groups === 1 && (at - start < 2 || at - start > 5)) return NOTHING;
    const sign = at < end ? (bytes[at] ?? 0) : 0;
    const goesOn = SEPARATORS[sign] === 1 && sign !== OPEN && sign !== CLOSE && (groups === 1 || sign === separator);
    if (!goesOn) break;
    if (at + 1 === end && !final) return UNDECIDED;
    if (!isDigit(at + 1 < end ? bytes[at + 1] : undefined)) break;
    separator = sign;
    at += 1;
  }
  if (at < end && isWord(bytes[at])) return NOTHING;
  sight.to = at;
  const most = bytes[from + 1] === ZERO ? MOST_DIGITS : 11;
  return groups >= 2 && digits >= 9 && digits <= most ? FOUND : NOTHING;
}

/** `212-555-0100`, and before it `1-`; or `(212) 555-0100`. */
function american(sight: Sight, from: number): Answer {
  const { bytes, end, final } = sight;
  const byteAt = (at: number): number => (at < end ? (bytes[at] ?? 0) : final ? -1 : -2);
  let at = from;
  let separator = 0;
  if (bytes[at] === ONE) {
    separator = byteAt(at + 1);
    if (separator === -2) return UNDECIDED;
    if (separator !== HYPHEN && separator !== DOT && separator !== SPACE) return NOTHING;
    at += 2;
  }
  const bracket = byteAt(at) === OPEN;
  if (bracket) at += 1;
  // Each `d` is a digit, `2` one from 2 on, `s` the separator.
  const shape = bracket ? '2dd)2dd-dddd' : '2dds2ddsdddd';
  for (const expected of shape) {
    const byte = byteAt(at);
    if (byte === -2) return UNDECIDED;
    if (expected === 's') {
      if (separator === 0 || separator === SPACE) separator = byte;
      if (byte !== separator || (byte !== HYPHEN && byte !== DOT)) return NOTHING;
    } else if (expected === 'd' || expected === '2') {
      if (!isDigit(byte) || (expected === '2' && byte < 0x32)) return NOTHING;
    } else if (expected === ')') {
      if (byte !== CLOSE) return NOTHING;
      const next = byteAt(at + 1);
      if (next === -2) return UNDECIDED;
      if (next === SPACE) at += 1;
    } else if (byte !== HYPHEN && byte !== DOT && byte !== SPACE) return NOTHING;
    at += 1;
  }
  const after = byteAt(at);
  if (after === -2) return UNDECIDED;
  sight.to = at;
  return after >= 0 && isWord(after) ? NOTHING : FOUND;
}
