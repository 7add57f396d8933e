import { byteClass, DIGITS, isDigit } from '../byte-class.ts';
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

/** How numbers are printed: groups of digits, the longest first. */
const PRINTED = [
  [4, 4, 4, 4, 3],
  [4, 4, 4, 4],
  [4, 6, 5],
  [4, 6, 4],
] as const;
const [SHORTEST, LONGEST] = [13, 19];
const DOT = 0x2e;
const SEPARATORS = byteClass(' -.');

/**
 * Payment card numbers (ISO/IEC 7812): 13 to 19 digits in one piece, or in the groups that are printed on cards, with
 * one space, hyphen or dot between them; of a known issuer, with the right check digit (Luhn). Not a part of a longer number
 * and not the decimals of one.
 */
export const card: Detector = Object.freeze({
  name: 'card',
  triggers: byteClass(DIGITS),
  lookBack: 0,
  before: NO_BYTES,
  mayBe: ({ length, after, goesOn }: DigitRun) =>
    (length >= SHORTEST && length <= LONGEST) || (length === 4 && SEPARATORS[after] === 1 && goesOn),
  probe(sight: Sight, at: number): Answer {
    const { bytes, end, final } = sight;
    if (bytes[at - 1] === DOT && isDigit(bytes[at - 2])) return NOTHING;
    sight.from = at;
    const first = digitsEnd(sight, at);
    if (first - at > LONGEST) return NOTHING;
    if (first === end && !final) return UNDECIDED;
    if (first - at >= SHORTEST) {
      if (bytes[first] === DOT) {
        if (first + 1 === end && !final) return UNDECIDED;
        if (isDigit(bytes[first + 1]) && first + 1 < end) return NOTHING;
      }
      sight.to = first;
      return isCard(bytes, at, first) ? FOUND : NOTHING;
    }
    return first - at === 4 && SEPARATORS[bytes[first] ?? 0] === 1 ? grouped(sight, at) : NOTHING;
  },
});

function grouped(sight: Sight, at: number): Answer {
  // In all of them four digits follow the first separator.
  for (let place = at + 5; place < at + 9 && place < sight.end; place += 1)
    if (!isDigit(sight.bytes[place])) return NOTHING;
  for (const groups of PRINTED) {
    const to = groupsEnd(sight, at, groups);
    if (to < 0) return UNDECIDED;
    if (to === 0 || !isCard(sight.bytes, at, to)) continue;
    sight.to = to;
    return FOUND;
  }
  return NOTHING;
}

/** The end of digits in just these groups; 0 if they are not, -1 where that is not known yet. */
function groupsEnd({ bytes, end, final }: Sight, from: number, groups: readonly number[]): number {
  const separator = bytes[from + 4];
  let at = from;
  for (const [index, size] of groups.entries()) {
    if (index > 0) {
      if (at === end) return final ? 0 : -1;
      if (bytes[at] !== separator) return 0;
      at += 1;
    }
    for (const stop = at + size; at < stop; at += 1) {
      if (at === end) return final ? 0 : -1;
      if (!isDigit(bytes[at])) return 0;
    }
  }
  if (at === end) return final ? at : -1;
  return isDigit(bytes[at]) ? 0 : at;
}

/** The end of the digits from `at`, or where there are too many. */
function digitsEnd({ bytes, end }: Sight, at: number): number {
  const most = Math.min(end, at + LONGEST + 1);
  let to = at;
  while (to < most && isDigit(bytes[to])) to += 1;
  return to;
}

function isCard(bytes: Uint8Array, from: number, to: number): boolean {
  let sum = 0;
  let length = 0;
  for (let at = to - 1; at >= from; at -= 1) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) continue;
    const twice = digit * 2;
    sum += length % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
    length += 1;
  }
  return sum % 10 === 0 && hasIssuer(bytes, from, length);
}

/** The ranges that networks have assigned, by their first four digits, and the lengths in them. */
const ISSUERS: readonly (readonly [from: number, to: number, shortest: number, longest: number])[] = [
  [4000, 4999, 13, 19], // Visa
  [5100, 5599, 16, 16], // Mastercard
  [2221, 2720, 16, 16], // Mastercard
  [3400, 3499, 15, 15], // American Express
  [3700, 3799, 15, 15], // American Express
  [3000, 3059, 14, 19], // Diners Club
  [3095, 3095, 14, 19], // Diners Club
  [3600, 3699, 14, 19], // Diners Club
  [3800, 3999, 14, 19], // Diners Club
  [6011, 6011, 16, 19], // Discover
  [6440, 6599, 16, 19], // Discover
  [3528, 3589, 16, 19], // JCB
  [6200, 6299, 16, 19], // UnionPay
  [8100, 8171, 16, 19], // UnionPay
  [5000, 5099, 13, 19], // Maestro
  [5600, 5899, 13, 19], // Maestro
  [6300, 6399, 13, 19], // Maestro
  [6700, 6799, 13, 19], // Maestro
  [2200, 2204, 16, 19], // Mir
  [9792, 9792, 16, 16], // Troy
];

function hasIssuer(bytes: Uint8Array, from: number, length: number): boolean {
  let first = 0;
  for (let at = from; at < from + 4; at += 1) first = first * 10 + (bytes[at] ?? 0) - 0x30;
  return ISSUERS.some(([low, high, short, long]) => first >= low && first <= high && length >= short && length <= long);
}
