import { closest } from '../contracts/suggestion.ts';
import { codeOf, findLookAlike } from './look-alike.ts';

/** The end of a message about an unknown word: the nearest known one, or the whole list where it is short. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const near = closest(word, candidates);
  const alike = findLookAlike(word);
  const letter = alike === undefined ? '' : `, in which \`${alike.letter}\` is ${codeOf(alike.letter)}`;
  if (near !== undefined) return `${letter}; did you mean \`${near}\``;
  if (candidates.length === 0) return '; none is declared';
  return candidates.length <= LISTED ? `; known: ${candidates.map((name) => `\`${name}\``).join(' ')}` : '';
}

const LISTED = 12;
