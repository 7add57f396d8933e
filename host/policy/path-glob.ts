import { CellError } from './cell-error.ts';

/** One segment of a pattern. */
export type Part =
  | { readonly kind: 'literal'; readonly text: string }
  /** `*`: one part that is not empty. */
  | { readonly kind: 'one' }
  /** The first of the parts that a closing `**` stands for: one part, empty or not. */
  | { readonly kind: 'any' }
  /** `**`: parts, none or more. */
  | { readonly kind: 'rest' }
  /** A part with `*` inside: begins, ends, and holds these texts in order. */
  | {
      readonly kind: 'mixed';
      readonly text: string;
      readonly first: string;
      readonly middle: readonly string[];
      readonly last: string;
    };

const ONE: Part = { kind: 'one' };
const ANY: Part = { kind: 'any' };
const REST: Part = { kind: 'rest' };

/** The most parts of a pattern. */
export const MAX_PATTERN_PARTS = 64;
/** The most parts of a text that a pattern is held against. */
export const MAX_TEXT_PARTS = 256;

function parsePart(text: string, offset: number): Part {
  if (text === '**') return REST;
  if (text === '*') return ONE;
  const double = text.indexOf('**');
  if (double >= 0) throw new CellError(offset + double, '`**` must be a whole segment; expected `*` inside a segment');
  if (!text.includes('*')) return { kind: 'literal', text };
  const pieces = text.split('*');
  return { kind: 'mixed', text, first: pieces[0] ?? '', middle: pieces.slice(1, -1), last: pieces.at(-1) ?? '' };
}

/** Reads the path part of a pattern: segments between `/`. Refuses the characters that other glob languages give a meaning. */
export function parsePath(text: string, offset: number): readonly Part[] {
  const odd = /[?{}\\]/.exec(text);
  if (odd)
    throw new CellError(
      offset + odd.index,
      `\`${odd[0]}\` has no meaning in a pattern; expected literal text, \`*\` or \`**\``,
    );
  const segments = text.split('/');
  if (segments.length > MAX_PATTERN_PARTS)
    throw new CellError(offset, `a pattern has at most ${MAX_PATTERN_PARTS} parts`);
  let at = offset;
  const parts = segments.map((segment) => {
    const start = at;
    at += segment.length + 1;
    return parsePart(segment, start);
  });
  // In the middle `**` stands for none or more segments, at the end for one or more.
  return parts.at(-1)?.kind === 'rest' ? [...parts.slice(0, -1), ANY, REST] : parts;
}

/**
 * Whether the parts of a pattern match the parts of a text, from the part `from` on. Takes at most pattern parts times
 * text parts steps.
 */
export function matchParts(pattern: readonly Part[], text: readonly string[], from = 0): boolean {
  return align(pattern, text, matchPart, from);
}

/** Whether everything that `narrow` matches is matched by `broad` too. May say no where the answer is yes. */
export function coversParts(broad: readonly Part[], narrow: readonly Part[]): boolean {
  if (align(broad, narrow, coversPart)) return true;
  // A closing `**` is one part and then any, or any and then one part: against a `**` in the middle only the second fits.
  return broad.at(-2)?.kind === 'any' && align([...broad.slice(0, -2), REST, ANY], narrow, coversPart);
}

/**
 * Aligns a pattern with a sequence. Each part but `**` takes exactly one item, so going back to the latest `**` is
 * enough: an earlier one could only take what the latest one can take as well.
 */
function align<Item>(
  pattern: readonly Part[],
  items: readonly Item[],
  fits: (part: Part, item: Item) => boolean,
  from = 0,
): boolean {
  let at = 0;
  let item = from;
  let retry = -1;
  let retryItem = 0;
  while (item < items.length) {
    const part = pattern[at];
    const current = items[item];
    if (part?.kind === 'rest') {
      retry = ++at;
      retryItem = item;
    } else if (part !== undefined && current !== undefined && fits(part, current)) {
      at++;
      item++;
    } else if (retry >= 0) {
      at = retry;
      item = ++retryItem;
    } else {
      return false;
    }
  }
  while (pattern[at]?.kind === 'rest') at++;
  return at === pattern.length;
}

function matchPart(part: Part, text: string): boolean {
  switch (part.kind) {
    case 'literal':
      return part.text === text;
    case 'one':
      return text !== '';
    case 'any':
    case 'rest':
      return true;
    case 'mixed':
      return matchMixed(part, text);
  }
}

function matchMixed(part: Part & { readonly kind: 'mixed' }, text: string): boolean {
  if (!text.startsWith(part.first) || !text.endsWith(part.last)) return false;
  let at = part.first.length;
  for (const piece of part.middle) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at <= text.length - part.last.length;
}

function coversPart(broad: Part, narrow: Part): boolean {
  switch (broad.kind) {
    case 'rest':
      return true;
    case 'any':
      return narrow.kind !== 'rest';
    case 'one':
      return narrow.kind === 'one' || narrow.kind === 'mixed' || (narrow.kind === 'literal' && narrow.text !== '');
    case 'literal':
      return narrow.kind === 'literal' && narrow.text === broad.text;
    case 'mixed':
      return narrow.kind === 'literal'
        ? matchMixed(broad, narrow.text)
        : narrow.kind === 'mixed' && narrow.text === broad.text;
  }
}
