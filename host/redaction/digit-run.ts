import { DIGITS, isDigit, isWord, type ByteClass } from './byte-class.ts';
import { LONGEST_RUN, type Detector, type DigitRun } from './detector.ts';

const BEFORE = ['nothing', 'letter', 'escape', 'letters', 'letters-escape'] as const;
const FIRST = ['zero', 'one', 'other'] as const;
const LENGTHS = LONGEST_RUN + 1;
/** The bytes behind digits that are told apart. */
const AFTER = ['', '.', '-', ' ', '/', '(', ')', ''].map((sign) => (sign === '' ? 0 : sign.charCodeAt(0)));
const BYTES = 256;

const LETTER = Uint8Array.from({ length: BYTES }, (_, byte) => (isWord(byte) && !isDigit(byte) ? 1 : 0));
/** By a byte: 0 for no letter, 1 for one, 2 for one that may be the letter of an escape. */
const LETTER_KIND = LETTER.map((letter, byte) => ('nrt'.includes(String.fromCharCode(byte)) ? 2 : letter));
const AFTER_KIND = Uint8Array.from({ length: BYTES }, (_, byte) => Math.max(0, AFTER.indexOf(byte)));

/** A number for what `DigitRun` says of the digits from `from` to `to`. */
export function digitKey(bytes: Uint8Array, from: number, to: number, end: number, final: boolean): number {
  let before = from > 0 ? (LETTER_KIND[bytes[from - 1] ?? 0] ?? 0) : 0;
  if (before > 0 && from > 1 && LETTER[bytes[from - 2] ?? 0] === 1) before += 2;
  const digit = (bytes[from] ?? 0) - 0x30;
  const first = digit > 2 ? 2 : digit;
  const length = to - from > LONGEST_RUN ? LONGEST_RUN : to - from;
  const after = to < end ? (AFTER_KIND[bytes[to] ?? 0] ?? 0) : 0;
  const goesOn = to + 1 < end ? (isDigit(bytes[to + 1]) ? 1 : 0) : final ? 0 : 1;
  return (((before * FIRST.length + first) * LENGTHS + length) * AFTER.length + after) * 2 + goesOn;
}

/** Who is asked about digits, by `digitKey`: a bit for each of `detectors`. */
export function askedOfDigits(detectors: readonly Detector[]): Uint8Array {
  const able = detectors.map(({ triggers }) => triggers[DIGITS.charCodeAt(0)] === 1);
  return Uint8Array.from(everyRun(), (run) =>
    detectors.reduce((bits, one, index) => (able[index] && (one.mayBe?.(run) ?? true) ? bits | (1 << index) : bits), 0),
  );
}

/** What can be said of digits, in the order of `digitKey`. */
function* everyRun(): Generator<DigitRun> {
  for (const before of BEFORE)
    for (const first of FIRST)
      for (let length = 0; length < LENGTHS; length += 1)
        for (const after of AFTER)
          for (const goesOn of [false, true]) {
            yield {
              afterWord: before === 'letter' || before === 'letters',
              afterLetters: before === 'letters' || before === 'letters-escape',
              ...{ first, length, after, goesOn },
            };
          }
}

/** In the table of `createRunTable`: whoever reads has to look at this place. */
const STOP = 0x80;
/** The states behind other bytes than digits; those of digits follow. */
const [START, ONE_LETTER, LETTERS, RUNS] = [0, 1, 2, 3];

/**
 * Reads text byte by byte without branches that a processor guesses wrong. By state, in the high place, and byte: the state
 * behind it, and `STOP` where the byte is one of `signs`, or behind digits about which somebody may have to be asked, or the
 * last of so many that no more count.
 */
export function createRunTable(signs: ByteClass, asked: Uint8Array): Uint8Array {
  const table = new Uint8Array((RUNS + 2 * FIRST.length * LONGEST_RUN) * BYTES);
  for (let byte = 0; byte < BYTES; byte += 1) {
    const first = Math.min(byte - 0x30, 2);
    const stop = signs[byte] === 1 ? STOP : 0;
    for (const state of [START, ONE_LETTER, LETTERS])
      table[(state << 8) | byte] = isDigit(byte)
        ? runState(state === LETTERS ? 1 : 0, first, 1)
        : (LETTER[byte] === 0 ? START : state === START ? ONE_LETTER : LETTERS) | stop;
  }
  for (const letters of [0, 1])
    for (const first of FIRST.keys())
      for (let length = 1; length <= LONGEST_RUN; length += 1) {
        const row = table.subarray(runState(letters, first, length) << 8);
        const over = AFTER.map((_, kind) => length < LONGEST_RUN && mayAsk(asked, letters, first, length, kind));
        const many =
          length === LONGEST_RUN - 1 && AFTER.some((_, kind) => mayAsk(asked, letters, first, LONGEST_RUN, kind));
        const longer = runState(letters, first, Math.min(length + 1, LONGEST_RUN)) | (many ? STOP : 0);
        for (let byte = 0; byte < BYTES; byte += 1)
          row[byte] = isDigit(byte)
            ? longer
            : (LETTER[byte] === 0 ? START : ONE_LETTER) | (signs[byte] === 1 || over[AFTER_KIND[byte] ?? 0] ? STOP : 0);
      }
  return table;
}

const runState = (letters: number, first: number, length: number): number =>
  RUNS + (letters * FIRST.length + first) * LONGEST_RUN + length - 1;

/** Whether anybody is asked about such digits, whatever else stands around them. */
function mayAsk(asked: Uint8Array, letters: number, first: number, length: number, after: number): boolean {
  for (const [before, name] of BEFORE.entries())
    for (const goesOn of [0, 1])
      if (
        name.startsWith('letters') === (letters === 1) &&
        asked[(((before * FIRST.length + first) * LENGTHS + length) * AFTER.length + after) * 2 + goesOn] !== 0
      )
        return true;
  return false;
}

/** Where to stop from `from` on; `end` for nowhere. */
export function readOn(bytes: Uint8Array, from: number, end: number, table: Uint8Array): number {
  let state = LETTER[bytes[from - 1] ?? 0] === 0 ? START : LETTER[bytes[from - 2] ?? 0] === 0 ? ONE_LETTER : LETTERS;
  let at = from;
  for (; at < end; at += 1) {
    state = table[(state << 8) | (bytes[at] ?? 0)] ?? STOP;
    if (state >= STOP) break;
  }
  return at;
}

/** Where the digits begin that end at `to`: not before `from`, and of too many the last that count. */
export function digitsBegin(bytes: Uint8Array, from: number, to: number): number {
  const least = Math.max(from, to - LONGEST_RUN);
  let at = to;
  while (at > least && isDigit(bytes[at - 1])) at -= 1;
  return at;
}

export function digitsEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isDigit(bytes[at])) at += 1;
  return at;
}
