import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FormError,
  readCanonicalLine,
  type CanonicalObject,
  type CanonicalValue,
} from '../../../host/audit/verify/canonical-value.ts';

const isObject = (value: CanonicalValue): value is CanonicalObject => value instanceof Map;
const isList = (value: CanonicalValue): value is readonly CanonicalValue[] => Array.isArray(value);
function plain(value: CanonicalValue): unknown {
  if (isObject(value)) return Object.fromEntries([...value].map(([name, member]) => [name, plain(member)]));
  return isList(value) ? value.map(plain) : value;
}
const safe = (value: unknown): boolean =>
  typeof value === 'number'
    ? Math.abs(value) <= Number.MAX_SAFE_INTEGER
    : typeof value !== 'object' || value === null || Object.values(value).every(safe);

describe('the canonical form', () => {
  it('is read for whatever a canonical writer writes', () => {
    const value = fc
      .dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ stringUnit: 'grapheme', maxDepth: 5 }))
      .filter(safe);
    fc.assert(
      fc.property(value, (given) => {
        const text = canonicalize(given) ?? '';
        expect(canonicalize(plain(readCanonicalLine(text).members))).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it('is not read when any one character is taken out or doubled, unless what is left is canonical too', () => {
    const text = canonicalize({ a: [1, 2.5, true, null, 'x\n"é'], b: { c: {}, d: [] }, hash: 'ff', z: -0.001 }) ?? '';
    for (let at = 0; at < text.length; at += 1) {
      for (const changed of [
        text.slice(0, at) + text.slice(at + 1),
        text.slice(0, at) + text.charAt(at) + text.slice(at),
      ]) {
        let read: string | undefined;
        try {
          read = canonicalize(plain(readCanonicalLine(changed).members));
        } catch (error) {
          expect(error).toBeInstanceOf(FormError);
          continue;
        }
        expect(read).toBe(changed);
      }
    }
  });

  it('tells where the members stand', () => {
    const text = '{"a":1,"hash":"ff","z":{"hash":2}}';
    const [start, end] = readCanonicalLine(text).spans.get('hash') ?? [];
    expect(text.slice(start, end)).toBe('"hash":"ff"');
  });

  it.each([
    ['{"a":1,"a":2}', 'twice'],
    ['{"b":1,"a":2}', 'out of order'],
    ['{"a":{"y":1,"x":2}}', 'out of order'],
    ['{"\u{1F602}":1,"\ufb33":2,"a":3}', 'out of order'],
    ['{ "a":1}', 'a string is expected'],
    ['{"a": 1}', 'a value is expected'],
    ['{"a":1} ', 'follows'],
    ['{"a":1}{"b":1}', 'follows'],
    ['{"a":1', '`,` or `}`'],
    ['{"a":[1', '`,` or `]`'],
    ['{"a"}', '`:`'],
    ['[1]', 'an object'],
    ['', 'an object'],
    ['\ufeff{"a":1}', 'an object'],
    ['{"a":1.0}', 'not canonical'],
    ['{"a":01}', 'not canonical'],
    ['{"a":-0}', 'not canonical'],
    ['{"a":1e2}', 'not canonical'],
    ['{"a":1E400}', 'not canonical'],
    ['{"a":9007199254740993}', 'not canonical'],
    ['{"a":9007199254740992}', 'beyond 2^53'],
    ['{"a":"\\u0041"}', 'needless'],
    ['{"a":"\\/"}', 'needless'],
    ['{"a":"\\u000A"}', 'needless'],
    ['{"a":"\\ud800"}', 'lone surrogate'],
    ['{"a":"\u0001"}', 'must be escaped'],
    ['{"a":NaN}', 'a value'],
    ['{"a":undefined}', 'a value'],
    [`{"a":${'['.repeat(100_000)}`, 'too deep'],
  ])('is not %s', (text, reason) => {
    expect(() => readCanonicalLine(text)).toThrow(FormError);
    expect(() => readCanonicalLine(text)).toThrow(reason);
  });
});
