import { isDigit, type ByteClass } from './byte-class.ts';
import { createByteSink } from './byte-sink.ts';
import { askedOfDigits, digitKey } from './digit-run.ts';
import { BEGUN, LONGEST_RUN, NOTHING, UNDECIDED, type Answer, type Detector, type Sight } from './detector.ts';
import { BINARY, count, joined, markOf, type MaskedParts, type Masker, type MaskStream } from './mask-stream.ts';

/** What detectors may look at before a place, although it is out already. */
const CONTEXT = 16;
const NO_BYTES = new Uint8Array(0);

/** Detectors as one: what each byte means to them. */
interface Plan {
  /** By byte: whether anybody is asked there. */
  readonly interest: ByteClass;
  readonly asked: readonly (readonly Detector[])[];
  /** The same for digits that follow each other, by `digitKey`. */
  readonly askedOfDigits: readonly (readonly Detector[])[];
  /** Bytes that may turn out to be a part of what is found behind them, and at most how many of them. */
  readonly before: ByteClass;
  readonly lookBack: number;
  readonly marks: ReadonlyMap<Detector, Uint8Array>;
  readonly binary: Uint8Array;
}

/**
 * Masks what detectors find in text, as bytes: UTF-8 or any other encoding in which ASCII is ASCII. A find begins at the
 * first place where one of them finds something, and of several at one place it is that of the first of `detectors`.
 * What follows a NUL byte is no text, so nobody can say what is in it: it is replaced by one mark.
 */
export function createScanner(detectors: readonly Detector[]): Masker {
  const plan = planOf(detectors);
  return Object.freeze({
    longestHeld: plan.lookBack + LONGEST_AHEAD,
    stream: () => createScanStream(plan),
    parts: (bytes: Uint8Array) => createScanStream(plan).parts(bytes),
  });
}

/** No detector looks farther ahead before it is certain: a header of a web token. */
const LONGEST_AHEAD = 1100;

function planOf(detectors: readonly Detector[]): Plan {
  const encoder = new TextEncoder();
  const merge = (classes: readonly ByteClass[]): ByteClass =>
    Uint8Array.from({ length: 256 }, (_, byte) => (classes.some((bytes) => bytes[byte] === 1) ? 1 : 0));
  const interest = merge(detectors.map(({ triggers }) => triggers));
  return {
    interest,
    asked: Array.from({ length: 256 }, (_, byte) => detectors.filter(({ triggers }) => triggers[byte] === 1)),
    askedOfDigits: askedOfDigits(detectors),
    before: merge(detectors.map(({ before }) => before)),
    lookBack: Math.max(0, ...detectors.map(({ lookBack }) => lookBack)),
    marks: new Map(detectors.map((detector) => [detector, encoder.encode(markOf(detector.name))])),
    binary: encoder.encode(markOf(BINARY)),
  };
}

function createScanStream(plan: Plan): MaskStream & Pick<Masker, 'parts'> {
  const { interest, asked, before, lookBack, marks, binary } = plan;
  const finds = new Map<string, number>();
  const sight: Sight = { bytes: NO_BYTES, end: 0, final: false, floor: 0, from: 0, to: 0 };
  let held: Uint8Array = NO_BYTES;
  /** In the window: what is out already lies before `out`, what was asked about before `next`. */
  let out = 0;
  let next = 0;
  let swallowing: Detector | undefined;
  let isBinary = false;
  let steps = 0;

  let sink: ReturnType<typeof createByteSink> | undefined;
  const replace = (from: number, name: string, mark: Uint8Array): void => {
    sink ??= createByteSink(sight.end - out + mark.length);
    if (from > out) sink.add(sight.bytes, out, from);
    sink.add(mark, 0, mark.length);
    count(finds, name);
  };

  /** Asks about the trigger at `next`. False if nobody can say yet; then nothing from `sight.from` on may go out. */
  function ask(detectors: readonly Detector[]): boolean {
    let answer: Answer = NOTHING;
    let by: Detector | undefined;
    for (by of detectors) {
      steps += 1;
      answer = by.probe(sight, next);
      if (answer !== NOTHING) break;
    }
    if (answer === UNDECIDED) return false;
    if (answer === NOTHING || by === undefined) {
      next += 1;
      return true;
    }
    replace(sight.from, by.name, marks.get(by) ?? NO_BYTES);
    if (answer === BEGUN) swallowing = by;
    next = sight.to;
    out = next;
    sight.floor = next;
    return true;
  }

  /** True if the find that has begun is over. */
  function swallow(detector: Detector): boolean {
    sight.to = next;
    const over = detector.rest?.(sight) ?? true;
    steps += 1;
    next = sight.to;
    if (next > out) sink ??= createByteSink(sight.end - next); // what it swallows goes nowhere
    out = next;
    sight.floor = next;
    return over;
  }

  /** Goes as far as what is there decides; answers from where on it must wait. */
  function scan(): number {
    const { bytes, end } = sight;
    for (;;) {
      if (swallowing !== undefined) {
        if (!swallow(swallowing)) return next;
        swallowing = undefined;
      }
      while (next < end && interest[bytes[next] ?? 0] === 0) next += 1;
      if (next >= end) return waiting();
      const byte = bytes[next] ?? 0;
      if (isDigit(byte)) {
        if (!digits()) return Math.min(sight.from, waiting());
      } else if (!ask(asked[byte] ?? [])) return Math.min(sight.from, waiting());
    }
  }

  /** Goes past digits that follow each other, or asks about the first of them. */
  function digits(): boolean {
    const { bytes, end, final } = sight;
    let at = next + 1;
    while (at < end && isDigit(bytes[at])) at += 1;
    let detectors: readonly Detector[] = [];
    if (!isDigit(bytes[next - 1])) {
      const open = at === end && !final && at - next < LONGEST_RUN;
      detectors = open ? (asked[bytes[next] ?? 0] ?? []) : (plan.askedOfDigits[digitKey(bytes, next, at, end)] ?? []);
    }
    if (detectors.length === 0) {
      next = at;
      return true;
    }
    return ask(detectors);
  }

  /** From where on bytes may still be a part of something that is found at `next` or behind it. */
  function waiting(): number {
    let at = next;
    const least = Math.max(out, at - lookBack);
    while (at > least && before[sight.bytes[at - 1] ?? 0] === 1) at -= 1;
    return at;
  }

  /** Looks for a NUL first, so that what stands before it is decided as the end of the text. */
  function limit(window: Uint8Array, final: boolean): void {
    const nul = window.indexOf(0, out);
    sight.bytes = window;
    sight.end = nul < 0 ? window.length : nul;
    sight.final = final || nul >= 0;
  }

  function run(window: Uint8Array, final: boolean): Uint8Array {
    limit(window, final);
    const cut = sight.end < window.length;
    sink = undefined;
    const begin = out;
    let safe = scan();
    if (cut) {
      isBinary = true;
      replace(sight.end, BINARY, binary);
      out = window.length;
    } else if (final) safe = sight.end;
    safe = Math.max(safe, out);
    const result = taken(begin, safe);
    keep(safe);
    return result;
  }

  /** What is decided: the window itself where nothing was found. */
  function taken(begin: number, safe: number): Uint8Array {
    if (sink === undefined) return sight.bytes.subarray(begin, safe);
    if (safe > out) sink.add(sight.bytes, out, safe);
    return sink.take();
  }

  function keep(safe: number): void {
    const from = Math.max(0, safe - CONTEXT);
    held = sight.bytes.slice(from);
    out = safe - from;
    next -= from;
    sight.floor -= from;
  }

  const isMasked = (): boolean => sink !== undefined;

  /** To a detector a NUL is no part of anything, on either side. */
  function parts(bytes: Uint8Array): MaskedParts {
    const masked = new Map<number, Uint8Array>();
    sight.bytes = bytes;
    sight.final = true;
    let from = 0;
    for (let index = 0; from < bytes.length; index += 1) {
      let to = from;
      while (to < bytes.length && bytes[to] !== 0) to += 1;
      next = out = sight.floor = from;
      sight.end = to;
      swallowing = undefined;
      sink = undefined;
      scan();
      const part = taken(from, to);
      if (isMasked()) masked.set(index, part);
      from = to + 1;
    }
    return { masked, finds };
  }

  return {
    finds,
    parts,
    get steps() {
      return steps;
    },
    push(piece) {
      if (isBinary || piece.length === 0) return NO_BYTES;
      return run(joined(held, piece), false);
    },
    end() {
      if (isBinary) return NO_BYTES;
      return run(held, true);
    },
  };
}
