import { DIGITS, isDigit, isWord } from './byte-class.ts';
import { LONGEST_RUN, type Detector, type DigitRun } from './detector.ts';

const FIRST = ['zero', 'one', 'other'] as const;
const LENGTHS = LONGEST_RUN + 1;
const BYTES = 256;

/** A number for what `DigitRun` says of the digits from `from` to `to`. */
export function digitKey(bytes: Uint8Array, from: number, to: number, end: number): number {
  const before = bytes[from - 1];
  const afterLetter = isWord(before) && !isDigit(before) ? 1 : 0;
  const first = Math.min((bytes[from] ?? 0) - 0x30, 2);
  const after = to < end ? (bytes[to] ?? 0) : 0;
  return ((afterLetter * FIRST.length + first) * LENGTHS + Math.min(to - from, LONGEST_RUN)) * BYTES + after;
}

/** Who is asked about digits, by `digitKey`. */
export function askedOfDigits(detectors: readonly Detector[]): readonly (readonly Detector[])[] {
  const able = detectors.filter(({ triggers }) => triggers[DIGITS.charCodeAt(0)] === 1);
  const runs = [false, true].flatMap((afterLetter) =>
    FIRST.flatMap((first) =>
      Array.from({ length: LENGTHS * BYTES }, (_, index): DigitRun => {
        return { afterLetter, first, length: Math.floor(index / BYTES), after: index % BYTES };
      }),
    ),
  );
  const known = new Map<string, readonly Detector[]>();
  return runs.map((run) => {
    const asked = able.filter((detector) => detector.mayBe?.(run) ?? true);
    const key = asked.map(({ name }) => name).join();
    const same = known.get(key) ?? asked;
    known.set(key, same);
    return same;
  });
}
