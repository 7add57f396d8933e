import type { ByteClass } from './byte-class.ts';

/** What a detector says about one place. */
export const NOTHING = 0;
/** `from` and `to` are set. */
export const FOUND = 1;
/** What is beyond the end decides; nothing before `from` would be a part of it. */
export const UNDECIDED = 2;
/** It is certain, and goes on from `to` as long as `rest` says. */
export const BEGUN = 3;
export type Answer = typeof NOTHING | typeof FOUND | typeof UNDECIDED | typeof BEGUN;

/**
 * Text as a detector sees it. It may look at a few bytes before any place, which may belong to something found before,
 * and claims nothing before `floor`.
 */
export interface Sight {
  bytes: Uint8Array;
  /** Bytes from here on are not there yet, or, where `final`, never come. */
  end: number;
  final: boolean;
  floor: number;
  /** Where the find begins. */
  from: number;
  /** Where it ends. */
  to: number;
}

/** Digits that follow each other, as far as it says who is to be asked. */
export interface DigitRun {
  readonly first: 'zero' | 'one' | 'other';
  /** At most `LONGEST_RUN`, which stands for all that are longer too. */
  readonly length: number;
  /** The sign behind them, one of `.`, `-`, space, `/` and brackets; 0 for anything else and for the end of the text. */
  readonly after: number;
  /** Whether a digit stands behind that, or nobody knows yet. */
  readonly goesOn: boolean;
  /** Whether they are a part of a word that begins before them: the letter before them is not that of an escape. */
  readonly afterWord: boolean;
  /** Whether two letters stand before them. */
  readonly afterLetters: boolean;
}
export const LONGEST_RUN = 20;

/**
 * Finds one kind of thing. Its answer about a place depends on the text alone, not on how much of it is there: where that
 * could make a difference, it is `UNDECIDED`. It looks at a bounded number of bytes.
 */
export interface Detector {
  readonly name: string;
  /** Bytes at which it is asked. Of digits that follow each other only the first one counts. */
  readonly triggers: ByteClass;
  /** A find begins at most so many bytes before its trigger, all of them in `before`. */
  readonly lookBack: number;
  readonly before: ByteClass;
  /** False only where the answer at the first of these digits is `NOTHING`. Without it, it is asked at all of them. */
  mayBe?(digits: DigitRun): boolean;
  /** False only where the answer at a trigger with this byte before it (0: none) is `NOTHING`. Not for digits. */
  mayFollow?(before: number, trigger: number): boolean;
  /** The same for the byte behind it (0: none). */
  mayPrecede?(trigger: number, after: number): boolean;
  probe(sight: Sight, at: number): Answer;
  /** For what has `BEGUN`: moves `to` as far as it goes; true if it ends there. */
  rest?(sight: Sight): boolean;
}

export const NO_BYTES: ByteClass = new Uint8Array(256);
