import { byteClass, DIGITS, isDigit, isWord, LOWER, startsWord, UPPER } from '../byte-class.ts';
import { FOUND, NOTHING, UNDECIDED, type Answer, type Detector, type DigitRun, type Sight } from '../detector.ts';

/** Countries and the lengths of their account numbers (ISO 13616, the registry of SWIFT). */
const COUNTRIES =
  'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ' +
  'ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 ' +
  'LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 ' +
  'PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30';
/** By the two letters of a country, the first in the high place, in either case; 0 for no country. */
const LENGTHS = new Uint8Array(0x80_00);
for (const row of COUNTRIES.split(' '))
  for (const first of [row.charCodeAt(0), row.charCodeAt(0) + 0x20])
    for (const second of [row.charCodeAt(1), row.charCodeAt(1) + 0x20])
      LENGTHS[(first << 8) | second] = Number(row.slice(2));
const [SPACE, HYPHEN] = [0x20, 0x2d];

/**
 * Account numbers of the length of their country, with the right check digits (ISO 7064, MOD 97-10): in one piece, or
 * with one space or hyphen after each four characters. Either case.
 */
export const iban: Detector = Object.freeze({
  name: 'iban',
  triggers: byteClass(DIGITS),
  lookBack: 2,
  before: byteClass(`${LOWER}${UPPER}`),
  mayBe: ({ length, afterLetters }: DigitRun) => afterLetters && length >= 2,
  probe(sight: Sight, at: number): Answer {
    const { bytes, end, final, floor } = sight;
    const from = at - 2;
    const length = LENGTHS[((bytes[from] ?? 0) << 8) | (bytes[from + 1] ?? 0)] ?? 0;
    if (length === 0 || from < floor || !startsWord(bytes, from)) return NOTHING;
    sight.from = from;
    let seen = 2;
    let rest = 0;
    let to = at;
    for (; seen < length; to += 1) {
      if (to >= end) return final ? NOTHING : UNDECIDED;
      const byte = bytes[to] ?? 0;
      if ((byte === SPACE || byte === HYPHEN) && seen % 4 === 0 && bytes[to - 1] !== byte) continue;
      if (seen < 4 ? !isDigit(byte) : !isWord(byte)) return NOTHING;
      if (seen >= 4) rest = remainder(rest, byte);
      seen += 1;
    }
    if (to >= end && !final) return UNDECIDED;
    if (to < end && isWord(bytes[to])) return NOTHING;
    for (const index of [from, from + 1, at, at + 1]) rest = remainder(rest, bytes[index] ?? 0);
    sight.to = to;
    return rest === 1 ? FOUND : NOTHING;
  },
});

const upper = (byte = 0): number => (byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte);

/** Letters count as two digits: A is 10. */
function remainder(rest: number, byte: number): number {
  return isDigit(byte) ? (rest * 10 + byte - 0x30) % 97 : (rest * 100 + upper(byte) - 0x41 + 10) % 97;
}
