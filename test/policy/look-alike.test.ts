import { describe, expect, it } from 'vitest';
import { findLookAlike } from '../../host/policy/look-alike.ts';
import { lintPolicy } from '../../host/policy/policy-lint.ts';
import { load, NOON, problemOf, row } from './fixture.ts';

describe('a letter that a reader takes for another', () => {
  it.each([
    ['of Cyrillic among Latin ones', 'p\u0430y', '\u0430'],
    ['of Greek among Latin ones', 'rep\u03bfrt', '\u03bf'],
    ['in a word of such letters alone', '\u0440\u0430\u0443', '\u0440'],
    ['of full width', '\uff41dmin', '\uff41'],
    ['of mathematics', '\u{1d41a}dmin', '\u{1d41a}'],
  ])('%s is found', (_, word, letter) => {
    expect(findLookAlike(`a/${word}.csv`)).toEqual({ letter, word });
  });

  it.each([
    'report-a/b.csv',
    'r\u00e9sum\u00e9',
    'stra\u00dfe',
    '\u043e\u0442\u0447\u0451\u0442-v2.pdf',
    '\u65e5\u672c\u8a9e',
    '\u03bb\u03cc\u03b3\u03bf\u03c2',
    '\ubcf4\uace0\uc11c',
  ])('is not in %s', (text) => {
    expect(findLookAlike(text)).toBeUndefined();
  });

  it('is warned of in a resource and in a value', () => {
    const lint = (text: string) => lintPolicy(load(text), NOON).map(({ message }) => message);
    const expected = ['`\u0430` in `p\u0430y` is U+0430, which a reader takes for another letter'];
    expect(lint(row({ resource: '/w/p\u0430y', effect: 'deny' }))).toEqual(expected);
    expect(lint(row({ when: 'arg.x=p\u0430y', effect: 'deny' }))).toEqual(expected);
  });

  it('is told of where a word is unknown for it', () => {
    expect(problemOf(row({ when: 'purpose=tri\u0430ge' }))).toBe(
      'policy.csv:1:38: unknown purpose `tri\u0430ge`, in which `\u0430` is U+0430; did you mean `triage`',
    );
    expect(problemOf(row({ action: 'http:GET', resource: 'https://p\u0430y.example/' }))).toBe(
      'policy.csv:1:32: `p\u0430y` is not a host label; names of other scripts are written in their `xn--` form, and `\u0430` is U+0430',
    );
    expect(problemOf(row({ action: 'http:GET', resource: 'https://b\u00fccher.example/' }))).toBe(
      'policy.csv:1:32: `b\u00fccher` is not a host label; names of other scripts are written in their `xn--` form; expected `xn--bcher-kva`',
    );
  });
});
