import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../host/audit/canonical-json.ts';
import type { Json } from '../../host/contracts/request.ts';

const hostile = (value: unknown) => () => canonicalJson(value as Json);

describe('canonical JSON', () => {
  it('equals an implementation of others for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }), (value) => {
        expect(canonicalJson(value as Json)).toBe(canonicalize(value));
      }),
      { numRuns: 300 },
    );
  });

  it('changes nothing when it is done twice', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const once = canonicalJson(value as Json);
        expect(canonicalJson(JSON.parse(once) as Json)).toBe(once);
      }),
    );
  });

  it('sorts names by UTF-16 code units, numbers in names among them', () => {
    expect(canonicalJson({ '10': 1, '9': 2, b: 3, a: 4, '\u{1F602}': 5, '\ufb33': 6 })).toBe(
      '{"10":1,"9":2,"a":4,"b":3,"\u{1F602}":5,"\ufb33":6}',
    );
  });

  it('keeps `__proto__` as a name like any other', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"x":1},"a":2}') as Json)).toBe('{"__proto__":{"x":1},"a":2}');
    expect({}).not.toHaveProperty('x');
  });

  it('leaves out members that are undefined', () => {
    expect(hostile({ a: undefined, b: 1 })()).toBe('{"b":1}');
  });

  it.each([
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a name', { '\udc00': 1 }],
    ['undefined in a list', [undefined]],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a map, which has no own members', new Map([['a', 1]])],
    ['a date', new Date(0)],
    ['bytes', Uint8Array.of(1)],
  ])('refuses %s', (_name, value) => {
    expect(hostile(value)).toThrow(TypeError);
  });
});
