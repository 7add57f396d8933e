/** How often something was found, by the name of what found it. */
export type Finds = ReadonlyMap<string, number>;

/** Masks bytes that come in pieces. What comes out does not depend on how the input was cut. */
export interface MaskStream {
  /**
   * Takes the next piece and gives what is decided. It may be a view of the piece: use it before the piece is changed.
   * What may still become a find, or a part of one, is held back.
   */
  push(piece: Uint8Array): Uint8Array;
  /** The rest: nothing follows any more. Called once, last. */
  end(): Uint8Array;
  /** What was masked so far. */
  readonly finds: Finds;
  /** Steps of work so far, beyond one look at each byte. Bounded by a multiple of the bytes that were pushed. */
  readonly steps: number;
}

/** Masks bytes. */
export interface Masker {
  /** A stream of its own state. */
  stream(): MaskStream;
  /**
   * Masks texts that have a NUL behind each of them, each as a whole by itself: those in which something is found, by
   * their place.
   */
  parts(bytes: Uint8Array): MaskedParts;
  /** The most bytes that a stream of it holds back. */
  readonly longestHeld: number;
}

/** What came out of masking a whole. `bytes` is what was given where nothing was found. */
export interface Masked {
  readonly bytes: Uint8Array;
  readonly finds: Finds;
}

/** Masks all of it at once. */
export function maskAll(masker: Pick<Masker, 'stream'>, bytes: Uint8Array): Masked {
  const stream = masker.stream();
  const first = stream.push(bytes);
  const rest = stream.end();
  const { finds } = stream;
  return { bytes: finds.size === 0 ? bytes : joined(first, rest), finds };
}

/** What came out of masking several texts. */
export interface MaskedParts {
  readonly masked: ReadonlyMap<number, Uint8Array>;
  readonly finds: Finds;
}

/** Masks texts with a NUL behind each, one after the other. */
export function maskEach(masker: Pick<Masker, 'stream'>, bytes: Uint8Array): MaskedParts {
  const masked = new Map<number, Uint8Array>();
  const finds = new Map<string, number>();
  let index = 0;
  for (let from = 0; from < bytes.length; index += 1) {
    const nul = bytes.indexOf(0, from);
    const to = nul < 0 ? bytes.length : nul;
    const one = maskAll(masker, bytes.subarray(from, to));
    if (one.finds.size > 0) masked.set(index, one.bytes);
    for (const [name, times] of one.finds) count(finds, name, times);
    from = to + 1;
  }
  return { masked, finds };
}

export const NO_PARTS: MaskedParts = { masked: new Map(), finds: new Map() };

/** Two pieces as one; one of them itself where the other is empty. */
export function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  if (second.length === 0) return first;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** What is put in the place of a find: the same for any length, so that it says nothing about what was there. */
export const markOf = (name: string): string => `[redacted:${name}]`;

/** Under which name it is counted that the rest was no text: nobody can say what is in it. */
export const BINARY = 'binary';
/** The same for what was too large to be looked into. */
export const TOO_LARGE = 'too-large';

/** Adds one find. */
export function count(finds: Map<string, number>, name: string, by = 1): void {
  finds.set(name, (finds.get(name) ?? 0) + by);
}
