import { describe, expect, it } from 'vitest';
import { closest as nearest } from '../../host/contracts/suggestion.ts';
import { suggestion } from '../../host/policy/spelling.ts';

describe('nearest spelling', () => {
  it.each([
    ['http:GETT', 'http:GET'],
    ['htpt:GET', 'http:GET'],
    ['HTTP:get', 'http:GET'],
    ['fs:raed', 'fs:read'],
  ])('of %s is %s', (word, expected) => {
    expect(nearest(word, ['http:GET', 'fs:read', 'db:select'])).toBe(expected);
  });

  it('offers nothing that is far away', () => {
    expect(nearest('zzzzzz', ['http:GET', 'fs:read'])).toBeUndefined();
  });

  it('lists a short list where nothing is near', () => {
    expect(suggestion('zzzzzz', ['a', 'b'])).toBe('; known: `a` `b`');
    expect(suggestion('zzzzzz', [])).toBe('; none is declared');
  });

  it('takes bounded time for a long word', () => {
    expect(nearest('a'.repeat(1_000_000), ['abc'])).toBeUndefined();
  });
});
