import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictJson } from '../../host/contracts/strict-json.ts';

const LIMITS = { bytes: 1000, depth: 4 };
const refusedOf = (text: string): string | undefined => {
  const parsed = parseStrictJson(text, LIMITS);
  return 'refused' in parsed ? parsed.refused : undefined;
};

describe('strict JSON', () => {
  it.each([
    ['{"a":1,"a":2}', 'has a name twice in one object'],
    ['{"a":1,"\\u0061":2}', 'has a name twice in one object'],
    ['{"x":[{"a":1,"b":{},"a":1}]}', 'has a name twice in one object'],
    ['{"a":"\\ud800"}', 'has text that is not Unicode'],
    ['{"\\udfff":1}', 'has a name that is not Unicode'],
    ['{"a":9007199254740993}', 'has a number that cannot be held exactly'],
    ['{"a":[1e999]}', 'has a number that cannot be held exactly'],
    ['{"a":[[[[]]]]}', 'nested too deeply'],
    [`{"a":"${'x'.repeat(1000)}"}`, 'longer than allowed'],
    [`{"a":"${'\u20ac'.repeat(400)}"}`, 'longer than allowed'],
    ['[]', 'not a JSON object'],
    ['null', 'not a JSON object'],
    ['"a"', 'not a JSON object'],
    ['{', 'not JSON'],
    ['{"a":1,}', 'not JSON'],
    ["{'a':1}", 'not JSON'],
    ['', 'not JSON'],
  ])('refuses %s', (text, reason) => {
    expect(refusedOf(text)).toBe(reason);
  });

  it('is not misled by what stands inside text', () => {
    for (const text of [
      '{"a":"{[{[{[{["}',
      '{"a":"\\"a\\":","b":":"}',
      '{"a":{"a":1},"b":[{"a":1},{"a":1}]}',
      '{"\\\\":1,"\\"":2}',
    ]) {
      expect(refusedOf(text)).toBeUndefined();
    }
  });

  it('takes an own member `__proto__` for what it is', () => {
    const parsed = parseStrictJson('{"__proto__":{"polluted":true}}', LIMITS);
    expect('object' in parsed && Object.keys(parsed.object)).toEqual(['__proto__']);
    expect({}).not.toHaveProperty('polluted');
  });

  it('reads every object that it takes as `JSON.parse` does', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), (value) => {
        const text = JSON.stringify(value);
        const parsed = parseStrictJson(text, { bytes: 100_000, depth: 10 });
        if ('object' in parsed) expect(parsed.object).toEqual(JSON.parse(text));
      }),
    );
  });
});
