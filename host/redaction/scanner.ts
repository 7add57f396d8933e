import { isDigit, type ByteClass } from './byte-class.ts';
import { createByteSink } from './byte-sink.ts';
import { askedOfDigits, createRunTable, digitKey, digitsBegin, digitsEnd, readOn } from './digit-run.ts';
import { BEGUN, LONGEST_RUN, NOTHING, UNDECIDED, type Answer, type Detector, type Sight } from './detector.ts';
import { BINARY, count, joined, markOf, type MaskedParts, type Masker, type MaskStream } from './mask-stream.ts';

/** What detectors may look at before a place, although it is out already. */
const CONTEXT = 16;
const NO_BYTES = new Uint8Array(0);

/** The most detectors of one scan: each has a bit of a byte. */
const MOST_DETECTORS = 8;
const BYTES = 256;

/** Detectors as one: what each byte means to them. */
interface Plan {
  /** Where to look closer. */
  readonly stops: Uint8Array;
  /** A bit for each detector that may be asked: by a sign and the byte before it, */
  readonly following: Uint8Array;
  /** by a sign and the byte behind it, */
  readonly preceding: Uint8Array;
  /** for digits that follow each other, by `digitKey`, */
  readonly ofDigits: Uint8Array;
  /** and for the first of digits that may go on. */
  readonly ofOpenDigits: number;
  /** Detectors by their bits. */
  readonly asked: readonly (readonly Detector[])[];
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
  if (detectors.length > MOST_DETECTORS) throw new RangeError(`more than ${MOST_DETECTORS} detectors in one scan`);
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
  const triggers = Uint8Array.from({ length: BYTES }, (_, byte) =>
    bitsOf(detectors, (one) => one.triggers[byte] === 1),
  );
  const following = new Uint8Array(BYTES * BYTES);
  const preceding = new Uint8Array(BYTES * BYTES);
  const ofDigits = askedOfDigits(detectors);
  for (const [index, one] of detectors.entries())
    for (const [sign, asks] of one.triggers.entries()) {
      if (asks === 0 || isDigit(sign)) continue;
      for (let other = 0; other < BYTES; other += 1) {
        const pair = (sign << 8) | other;
        if (one.mayFollow?.(other, sign) ?? true) following[pair] = (following[pair] ?? 0) | (1 << index);
        if (one.mayPrecede?.(sign, other) ?? true) preceding[pair] = (preceding[pair] ?? 0) | (1 << index);
      }
    }
  return {
    stops: createRunTable(
      triggers.map((able, byte) => (able === 0 || isDigit(byte) ? 0 : 1)),
      ofDigits,
    ),
    ...{ following, preceding, ofDigits },
    ofOpenDigits: triggers[0x30] ?? 0,
    asked: Array.from({ length: 1 << detectors.length }, (_, bits) =>
      detectors.filter((_one, index) => (bits >> index) % 2 === 1),
    ),
    before: Uint8Array.from({ length: BYTES }, (_, byte) => (detectors.some((one) => one.before[byte] === 1) ? 1 : 0)),
    lookBack: Math.max(0, ...detectors.map(({ lookBack }) => lookBack)),
    marks: new Map(detectors.map((detector) => [detector, encoder.encode(markOf(detector.name))])),
    binary: encoder.encode(markOf(BINARY)),
  };
}

const bitsOf = (detectors: readonly Detector[], has: (one: Detector) => boolean): number =>
  detectors.reduce((bits, one, index) => (has(one) ? bits | (1 << index) : bits), 0);

function createScanStream(plan: Plan): MaskStream & Pick<Masker, 'parts'> {
  const { stops, following, preceding, ofDigits, ofOpenDigits, asked, before, lookBack, marks, binary } = plan;
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
    for (;;) {
      if (swallowing !== undefined) {
        if (!swallow(swallowing)) return next;
        swallowing = undefined;
      }
      const bits = search();
      if (bits === 0) return waiting();
      if (!ask(asked[bits] ?? [])) return Math.min(sight.from, waiting());
    }
  }

  /** Moves `next` to a place where somebody is to be asked, and says who; 0 at the end. */
  function search(): number {
    const { bytes, end, final } = sight;
    // Of digits that follow each other, the first one is asked about.
    const from = isDigit(bytes[next - 1]) ? digitsEnd(bytes, next, end) : next;
    let at = from;
    for (;;) {
      at = readOn(bytes, at, end, stops);
      next = digitsBegin(bytes, from, at);
      let bits = askedBehind(at);
      if (bits !== 0) return bits;
      next = at;
      if (at >= end) return 0;
      const byte = bytes[at] ?? 0;
      if (isDigit(byte)) at = digitsEnd(bytes, at, end);
      else {
        bits = following[(byte << 8) | (at > 0 ? (bytes[at - 1] ?? 0) : 0)] ?? 0;
        at += 1;
        if (bits !== 0 && (at < end || final)) bits &= preceding[(byte << 8) | (at < end ? (bytes[at] ?? 0) : 0)] ?? 0;
        if (bits !== 0) return bits;
      }
    }
  }

  /** Who is asked about the digits from `next` to `at`, if there are any. */
  function askedBehind(at: number): number {
    const { bytes, end, final } = sight;
    // The last of so many that no more count is a place to stop.
    const to = at < end && isDigit(bytes[at]) ? at + 1 : at;
    const length = to - next;
    if (length === 0 || (to === at && length >= LONGEST_RUN)) return 0;
    if (to === end && !final && length < LONGEST_RUN) return ofOpenDigits;
    return ofDigits[digitKey(bytes, next, to, end, final)] ?? 0;
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
