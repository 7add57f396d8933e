import { byteClass, DIGITS, isDigit, isWord, startsWord } from '../byte-class.ts';
import { FOUND, NOTHING, UNDECIDED, type Answer, type Detector, type DigitRun, type Sight } from '../detector.ts';

const HEX = byteClass(`${DIGITS}abcdefABCDEF`);
const [COLON, DOT, UNDERSCORE] = [0x3a, 0x2e, 0x5f];
const LONGEST_GROUP = 4;
/** Eight groups and their colons, or six and a dotted address. */
const LONGEST = 45;

/**
 * IP addresses as they are written (RFC 4291, section 2.2): four numbers up to 255 without leading zeros, eight groups of
 * hexadecimal digits, or fewer with one `::` and either a digit or three groups. Versions of four numbers look the same.
 */
export const ip: Detector = Object.freeze({
  name: 'ip',
  triggers: byteClass(`${DIGITS}:`),
  lookBack: LONGEST_GROUP,
  before: HEX,
  mayBe: ({ length, after, goesOn, afterWord }: DigitRun) => length <= 3 && after === DOT && goesOn && !afterWord,
  mayPrecede: (_colon: number, after: number): boolean => after === COLON || HEX[after] === 1,
  probe: (sight: Sight, at: number): Answer => (sight.bytes[at] === COLON ? version6(sight, at) : version4(sight, at)),
});

function version4(sight: Sight, at: number): Answer {
  const { bytes, end, final } = sight;
  if (!startsWord(bytes, at) || joins(bytes, at - 1)) return NOTHING;
  sight.from = at;
  const to = dottedEnd(sight, at);
  if (to <= 0) return to === 0 ? NOTHING : UNDECIDED;
  if (to === end && !final) return UNDECIDED;
  if (to < end && (isWord(bytes[to]) || bytes[to] === UNDERSCORE)) return NOTHING;
  if (to < end && bytes[to] === DOT) {
    if (to + 1 === end) {
      if (!final) return UNDECIDED;
    } else if (isDigit(bytes[to + 1])) return NOTHING;
  }
  sight.to = to;
  return FOUND;
}

/** Whether what stands at `at` ties a number to another one. */
const joins = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === UNDERSCORE || (bytes[at] === DOT && isWord(bytes[at - 1]));

/** The end of four numbers with dots between them; 0 for none, -1 where that is not known yet. */
function dottedEnd({ bytes, end, final }: Sight, from: number): number {
  let at = from;
  for (let octet = 0; octet < 4; octet += 1) {
    if (octet > 0) {
      if (at >= end) return final ? 0 : -1;
      if (bytes[at] !== DOT) return 0;
      at += 1;
    }
    const start = at;
    let value = 0;
    for (; isDigit(bytes[at]) && at < end && at - start < 4; at += 1) value = value * 10 + (bytes[at] ?? 0) - 0x30;
    if (at - start > 3 || value > 255 || (at - start > 1 && bytes[start] === 0x30)) return 0;
    if (at >= end && !final) return -1;
    if (at === start) return 0;
  }
  return at;
}

function version6(sight: Sight, at: number): Answer {
  const { bytes, end, final, floor } = sight;
  const next = bytes[at + 1] ?? 0;
  if (at + 1 < end && next !== COLON && (HEX[next] === 0 || HEX[bytes[at - 1] ?? 0] === 0)) return NOTHING;
  let from = at;
  while (from > floor && at - from <= LONGEST_GROUP && HEX[bytes[from - 1] ?? 0] === 1) from -= 1;
  if (at - from > LONGEST_GROUP || !startsGroup(bytes, from)) return NOTHING;
  sight.from = from;
  if (from === at) {
    if (at + 1 === end) return final ? NOTHING : UNDECIDED;
    if (bytes[at + 1] !== COLON) return NOTHING;
  }
  return groups(sight, from);
}

const startsGroup = (bytes: Uint8Array, from: number): boolean =>
  startsWord(bytes, from) && bytes[from - 1] !== COLON && !joins(bytes, from - 1);

function groups(sight: Sight, from: number): Answer {
  const { bytes, end, final } = sight;
  let at = from;
  let count = 0;
  let gap = false;
  let digits = 0;
  for (;;) {
    const start = at;
    for (; at < end && HEX[bytes[at] ?? 0] === 1 && at - start <= LONGEST_GROUP; at += 1)
      if (isDigit(bytes[at])) digits += 1;
    if (at - start > LONGEST_GROUP) return NOTHING;
    if (at === end && !final) return UNDECIDED;
    if (at > start) {
      if (bytes[at] === DOT && at < end && isDigit(bytes[start])) {
        const dotted = dottedEnd(sight, start);
        if (dotted < 0) return UNDECIDED;
        if (dotted > 0) {
          at = dotted;
          count += 2;
          break;
        }
      }
      count += 1;
    }
    if (at >= end || bytes[at] !== COLON || count >= 8 || at - from > LONGEST) break;
    if (at + 1 === end && !final) return UNDECIDED;
    const twice = at + 1 < end && bytes[at + 1] === COLON;
    const follows = at + 1 < end && HEX[bytes[at + 1] ?? 0] === 1;
    if (twice && gap) return NOTHING;
    if (!twice && !follows) break; // a colon after the address
    if (!twice && at === start) {
      // Only right behind a gap may a group follow without one of its own.
      return NOTHING;
    }
    gap ||= twice;
    at += twice ? 2 : 1;
  }
  if (at === end && !final) return UNDECIDED;
  if (at < end && (isWord(bytes[at]) || bytes[at] === UNDERSCORE)) return NOTHING;
  sight.to = at;
  const whole = gap ? count >= 1 && count <= 7 && (digits > 0 || count >= 3) : count === 8;
  return whole ? FOUND : NOTHING;
}
