import { describe, expect, it } from 'vitest';
import { closest, didYouMean } from '../../host/contracts/suggestion.ts';

const WORDS = ['agents', 'audit', 'purposes', 'environments', 'http', 'mounts'];

describe('the word that was meant', () => {
  it.each([
    ['agnets', 'agents'],
    ['agent', 'agents'],
    ['AUDIT', 'audit'],
    ['purpose', 'purposes'],
    ['enviroments', 'environments'],
    ['htpp', 'http'],
    ['mount', 'mounts'],
  ])('for %s is %s', (word, meant) => {
    expect(closest(word, WORDS)).toBe(meant);
  });

  it.each(['', 'x', 'xyz', 'databases', 'q'.repeat(100_000)])('for %.9s is none', (word) => {
    expect(closest(word, WORDS)).toBeUndefined();
    expect(didYouMean(word, WORDS)).toBe('');
  });

  it('is put as a question', () => {
    expect(didYouMean('agnets', WORDS)).toBe('; did you mean `agents`?');
  });
});
