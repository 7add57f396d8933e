/** Many byte strings as one automaton (Aho and Corasick 1975): a text is read once, whatever the number of patterns. */
export interface PatternAutomaton {
  /** The state after `byte` in `state`, if a pattern goes on so; -1 if not. 0 is the root. */
  edge(state: number, byte: number): number;
  /** Where to try again, by state: its longest proper end that is a state too. */
  readonly fail: Int32Array;
  /** Bytes at the end of the text that may still become a pattern, by state. */
  readonly depth: Int32Array;
  /** The longest pattern that ends in a state: its number, or -1. Every other one that ends there lies within it. */
  readonly ending: Int32Array;
  /** By two bytes, the first in the high place: whether some pattern may begin with them. */
  readonly begins: Uint8Array;
}

const NONE = -1;

/** Builds the automaton. With `foldCase`, ASCII letters of either case are the same. `patterns` are not empty. */
export function createPatternAutomaton(patterns: readonly Uint8Array[], foldCase: boolean): PatternAutomaton {
  const fold = foldTable(foldCase);
  const states = patterns.reduce((sum, { length }) => sum + length, 1);
  const spellings = spellingsOf(fold);
  const edges = createEdgeTable(states);
  const depth = new Int32Array(states);
  const ending = new Int32Array(states).fill(NONE);
  const begins = new Uint8Array(0x1_00_00);
  const parent = new Int32Array(states);
  /** By state: whether it has an edge to another state than the one that was made right behind it. */
  const beside = new Uint8Array(states);
  const root = new Int32Array(256).fill(NONE);
  const by = new Uint8Array(states);
  let known = 1;
  patterns.forEach((pattern, number) => {
    let state = 0;
    for (const raw of pattern) {
      const byte = fold[raw] ?? raw;
      let next = edges.get(state, byte);
      if (next === NONE) {
        next = known++;
        edges.set(state, byte, next);
        if (state === 0) root[byte] = next;
        if (next !== state + 1) beside[state] = 1;
        depth[next] = (depth[state] ?? 0) + 1;
        parent[next] = state;
        by[next] = byte;
      }
      state = next;
    }
    if (ending[state] === NONE) ending[state] = number; // the first of two that are alike
    const [first = 0, second] = pattern;
    for (const one of spellings[first] ?? []) {
      if (second === undefined) begins.fill(1, one << 8, (one + 1) << 8);
      else for (const two of spellings[second] ?? []) begins[(one << 8) | two] = 1;
    }
  });
  const fail = failLinks(known, depth, parent, by, edges, ending);
  return {
    ...{ depth, ending, begins, fail },
    edge(state, raw) {
      const byte = fold[raw] ?? raw;
      if (state === 0) return root[byte] ?? NONE;
      const next = state + 1;
      if (parent[next] === state && by[next] === byte) return next;
      return beside[state] === 1 ? edges.get(state, byte) : NONE;
    },
  };
}

/** The longest end of each state that is a state too. Fills `ending` where only such an end is a pattern. */
function failLinks(
  known: number,
  depth: Int32Array,
  parent: Int32Array,
  by: Uint8Array,
  edges: EdgeTable,
  ending: Int32Array,
): Int32Array {
  const fail = new Int32Array(known);
  for (const state of byDepth(known, depth)) {
    if ((depth[state] ?? 0) > 1) {
      const byte = by[state] ?? 0;
      let at = fail[parent[state] ?? 0] ?? 0;
      while (at !== 0 && edges.get(at, byte) === NONE) at = fail[at] ?? 0;
      fail[state] = Math.max(0, edges.get(at, byte));
    }
    if (ending[state] === NONE) ending[state] = ending[fail[state] ?? 0] ?? NONE;
  }
  return fail;
}

/** States from shallow to deep, without the root. */
function byDepth(known: number, depth: Int32Array): Int32Array {
  const order = Int32Array.from({ length: known - 1 }, (_, index) => index + 1);
  return order.sort((a, b) => (depth[a] ?? 0) - (depth[b] ?? 0));
}

function foldTable(foldCase: boolean): Uint8Array {
  const isUpper = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a;
  return Uint8Array.from({ length: 256 }, (_, byte) => (foldCase && isUpper(byte) ? byte + 0x20 : byte));
}

/** The spellings of every byte. */
function spellingsOf(fold: Uint8Array): readonly (readonly number[])[] {
  const all = Array.from({ length: 256 }, (_, index) => index);
  return all.map((byte) => all.filter((other) => fold[other] === fold[byte]));
}

interface EdgeTable {
  get(state: number, byte: number): number;
  set(state: number, byte: number, to: number): void;
}

/** Edges by state and byte: open addressing, at most half full. */
function createEdgeTable(edges: number): EdgeTable {
  let size = 16;
  while (size < edges * 2) size *= 2;
  const keys = new Int32Array(size).fill(NONE);
  const values = new Int32Array(size);
  const mask = size - 1;
  const slotOf = (key: number): number => {
    let slot = (Math.imul(key, 0x9e3779b1) >>> 7) & mask;
    while (keys[slot] !== NONE && keys[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  };
  return {
    get(state, byte) {
      const slot = slotOf(state * 256 + byte);
      return keys[slot] === NONE ? NONE : (values[slot] ?? NONE);
    },
    set(state, byte, to) {
      const slot = slotOf(state * 256 + byte);
      keys[slot] = state * 256 + byte;
      values[slot] = to;
    },
  };
}
