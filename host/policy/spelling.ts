import { closest } from '../contracts/suggestion.ts';

/** The end of a message about an unknown word: the nearest known one, or the whole list where it is short. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const near = closest(word, candidates);
  if (near !== undefined) return `; did you mean \`${near}\``;
  if (candidates.length === 0) return '; none is declared';
  return candidates.length <= LISTED ? `; known: ${candidates.map((name) => `\`${name}\``).join(' ')}` : '';
}

const LISTED = 12;
