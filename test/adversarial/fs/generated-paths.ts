/** Hostile paths, made from a seed: the same seed makes the same paths. */

/** A small generator of pseudo-random numbers (mulberry32); tests need the same numbers again, not good ones. */
function createDice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

const STARTS = [
  '/workspace/',
  '/workspace/',
  '/workspace',
  '/workspace2/',
  '/',
  '//workspace/',
  'workspace/',
  './',
  '',
];
const UP = [
  '..',
  '../',
  '..\\',
  '%2e%2e',
  '%2e%2e%2f',
  '..%2f',
  '..%5c',
  '..;',
  '.. ',
  '...',
  '....//',
  '\u2024\u2024',
  '\uff0e\uff0e',
  '..\0',
  '\u202e..',
];
const SEPARATORS = ['/', '/', '/', '//', '\\', '%2f', '%5c', '/./', '\u2215', '\u2044', '\uff0f', '\0', '\n'];
const NAMES = [
  'd',
  'f',
  'd/f',
  'outside',
  'secret',
  'workspace',
  'to-outside',
  'to-secret',
  'to-root',
  'to-inside',
  'to-magic',
  'etc',
  'passwd',
  'proc',
  'self',
  'root',
  'fd',
  '~',
  '.',
  '',
  'C:',
  'con',
  'F',
  'caf\u00e9',
  'cafe\u0301',
  '\ud800',
  '\udfff',
  '.env',
  '.git/hooks/x',
  'x'.repeat(255),
  'x'.repeat(256),
  '\u20ac'.repeat(86),
  '\u{1f600}',
  '-rf',
  '*',
  '?',
  '$(id)',
  '`id`',
  '\u007f',
  '\u001b]0;',
];

/** The targets: what an escape would have to reach. `beside` is the folder that holds the mount. */
const ends = (beside: string): readonly string[] => [
  'outside/secret',
  'workspace2/secret',
  'secret',
  `${beside}/outside/secret`,
  '/proc/self/environ',
  '/etc/passwd',
];

/** Names that may be there, and that a canonical path may hold. */
const PLAIN = [
  'd',
  'd',
  'd',
  'f',
  'e',
  'g',
  'to-outside',
  'to-secret',
  'to-root',
  'to-inside',
  'to-magic',
  'out',
  'up',
  'secret',
  'etc',
];

/** Makes one path: every other one from pieces of attacks, the others canonical, over whatever is planted. */
function pathOf(dice: (sides: number) => number, beside: string): string {
  const one = (list: readonly string[]): string => list[dice(list.length)] ?? '';
  if (dice(2) === 0) return `/workspace/${Array.from({ length: 1 + dice(6) }, () => one(PLAIN)).join('/')}`;
  let path = one(STARTS);
  for (let pieces = dice(7); pieces > 0; pieces -= 1) path += (dice(2) === 0 ? one(UP) : one(NAMES)) + one(SEPARATORS);
  return path + (dice(2) === 0 ? one(ends(beside)) : one(NAMES));
}

/** `count` paths. Canonical ones come more than once: each time, other things were done before. */
export function generatedPaths(count: number, seed: number, beside: string): readonly string[] {
  const dice = createDice(seed);
  return Array.from({ length: count }, () => pathOf(dice, beside));
}
