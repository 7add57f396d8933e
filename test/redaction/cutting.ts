import fc from 'fast-check';
import { joined, type Masker } from '../../host/redaction/mask-stream.ts';

/** Latin-1, so that each byte is one character. */
export const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** What comes out, in pieces as they came, and what was found. */
export interface Streamed {
  readonly pieces: readonly string[];
  readonly text: string;
  readonly finds: Readonly<Record<string, number>>;
  readonly steps: number;
}

/** Runs `input` through a stream of `masker`, cut at `cuts`. */
export function streamed(masker: Masker, input: Uint8Array, cuts: readonly number[]): Streamed {
  const stream = masker.stream();
  const ends = [...cuts, input.length];
  let at = 0;
  const pieces = ends.map((end) => {
    const piece = Uint8Array.from(input.subarray(at, end)); // a copy, so that a view of it cannot be read later
    at = end;
    const out = Uint8Array.from(stream.push(piece));
    piece.fill(0x21);
    return out;
  });
  pieces.push(Uint8Array.from(stream.end()));
  return {
    pieces: pieces.map(textOf),
    text: textOf(pieces.reduce(joined, new Uint8Array(0))),
    finds: Object.fromEntries([...stream.finds].sort()),
    steps: stream.steps,
  };
}

/** Any way of cutting something of `length` bytes; empty pieces too. */
export const cutsOf = (length: number): fc.Arbitrary<number[]> =>
  fc.array(fc.nat({ max: length }), { maxLength: 12 }).map((cuts) => cuts.sort((a, b) => a - b));

/** Cut at every byte. */
export const everyByte = (length: number): number[] => Array.from({ length }, (_, index) => index);
