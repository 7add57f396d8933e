import { createByteSink, type ByteSink } from './byte-sink.ts';
import { count, joined, maskAll, maskEach, NO_PARTS, type Masker, type MaskStream } from './mask-stream.ts';
import { createPatternAutomaton, type PatternAutomaton } from './pattern-automaton.ts';

/** One value that must not pass, in one spelling. */
export interface ExactPattern {
  readonly bytes: Uint8Array;
  /** Under which name a find is counted. */
  readonly name: string;
  /** What is put in its place. */
  readonly mark: string;
}

export interface ExactOptions {
  /** ASCII letters of either case are the same. */
  readonly foldCase?: boolean;
}

/** A stream that says how much it holds back. */
export interface ExactStream extends MaskStream {
  /** Bytes at the end of the input that may be the beginning of an occurrence. */
  readonly held: number;
}

/** Masks exact byte strings. */
export interface ExactMatcher extends Masker {
  stream(): ExactStream;
}

/** The most bytes of all patterns of one matcher: about 40 bytes of memory each. */
export const LARGEST_PATTERN_SET = 4 * 1024 * 1024;

/**
 * Masks every occurrence of exact byte strings. Occurrences that overlap are one find: its mark is that of the first
 * one, and of two that begin together, of the longer. So no byte of any occurrence passes. Throws a `RangeError` for an
 * empty pattern and for more than `LARGEST_PATTERN_SET` bytes.
 *
 * Linear in the text, whatever the patterns. Holds back less than the longest pattern.
 */
export function createExactMatcher(patterns: readonly ExactPattern[], options: ExactOptions = {}): ExactMatcher {
  if (patterns.some(({ bytes }) => bytes.length === 0)) throw new RangeError('an empty pattern is everywhere');
  const total = patterns.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (total > LARGEST_PATTERN_SET) throw new RangeError(`more than ${LARGEST_PATTERN_SET} bytes of patterns`);
  const automaton = createPatternAutomaton(
    patterns.map(({ bytes }) => bytes),
    options.foldCase ?? false,
  );
  const encoder = new TextEncoder();
  const known = patterns.map(({ bytes, name, mark }) => ({ length: bytes.length, name, mark: encoder.encode(mark) }));
  const stream = (): ExactStream => createExactStream(automaton, known);
  return Object.freeze({
    longestHeld: Math.max(0, ...known.map(({ length }) => length - 1)),
    stream,
    // No pattern of text holds a NUL, so none reaches from one part into the next.
    parts: (bytes: Uint8Array) =>
      maskAll({ stream }, bytes).finds.size === 0 ? NO_PARTS : maskEach({ stream }, bytes),
  });
}

interface KnownPattern {
  readonly length: number;
  readonly name: string;
  readonly mark: Uint8Array;
}

/** Occurrences that overlap, by their place in the window. */
interface Group {
  start: number;
  end: number;
  pattern: KnownPattern;
  /** Its mark is out: what follows of it is swallowed. */
  marked: boolean;
}

const NOTHING = new Uint8Array(0);

function createExactStream(automaton: PatternAutomaton, patterns: readonly KnownPattern[]): ExactStream {
  const { depth, ending, begins, fail } = automaton;
  const finds = new Map<string, number>();
  let held: Uint8Array = NOTHING;
  let groups: Group[] = [];
  let state = 0;
  let steps = 0;

  function occurrence(pattern: KnownPattern, end: number): void {
    const found: Group = { start: end - pattern.length, end, pattern, marked: false };
    for (let last = groups.at(-1); last !== undefined && last.end > found.start; last = groups.at(-1)) {
      if (last.start < found.start || last.marked) {
        found.start = last.start;
        found.pattern = last.pattern;
        found.marked = last.marked;
      }
      groups.pop();
    }
    groups.push(found);
  }

  /** Each turn of the loop makes the state shallower, each byte deeper by one at most: two steps a byte in all. */
  function follow(byte: number): void {
    for (;;) {
      steps += 1;
      const to = automaton.edge(state, byte);
      if (to >= 0) {
        state = to;
        return;
      }
      if (state === 0) return;
      state = fail[state] ?? 0;
    }
  }

  function scan(window: Uint8Array, from: number): void {
    const last = window.length - 1;
    for (let at = from; at <= last; at += 1) {
      if (state === 0) {
        while (at < last && begins[((window[at] ?? 0) << 8) | (window[at + 1] ?? 0)] === 0) at += 1;
      }
      follow(window[at] ?? 0);
      const ended = ending[state] ?? 0;
      if (ended < 0) continue; // asking an array for -1 costs more than all the rest
      const pattern = patterns[ended];
      if (pattern !== undefined) occurrence(pattern, at + 1);
    }
  }

  /** Gives what lies before `safe`, and keeps the rest. Nothing that begins before `safe` can be found any more. */
  function settle(window: Uint8Array, safe: number): Uint8Array {
    if (groups.length === 0) {
      held = safe === window.length ? NOTHING : window.slice(safe);
      return window.subarray(0, safe);
    }
    const out: ByteSink = createByteSink(safe + 64);
    let at = 0;
    let settled = 0;
    for (const group of groups) {
      if (group.start >= safe && !group.marked) break;
      settled += 1;
      if (!group.marked) {
        if (group.start > at) out.add(window, at, group.start);
        out.add(group.pattern.mark, 0, group.pattern.mark.length);
        count(finds, group.pattern.name);
        group.marked = true;
      }
      at = group.end;
    }
    if (at < safe) out.add(window, at, safe);
    // One that reaches beyond `safe` may grow.
    groups = groups.slice(at > safe ? settled - 1 : settled);
    for (const group of groups) {
      group.start -= safe;
      group.end -= safe;
    }
    held = window.slice(safe);
    return out.take();
  }

  return {
    finds,
    get held() {
      return held.length;
    },
    get steps() {
      return steps;
    },
    push(piece) {
      if (piece.length === 0) return NOTHING;
      const from = held.length;
      const window = joined(held, piece);
      scan(window, from);
      return settle(window, window.length - (depth[state] ?? 0));
    },
    end() {
      const rest = settle(held, held.length);
      state = 0;
      return rest;
    },
  };
}
