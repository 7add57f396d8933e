import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ATTRIBUTE_LIMITS, attributesOf, isAttributesRefusal } from '../../host/contracts/attributes.ts';

const attributes = (text: string) => attributesOf(JSON.parse(text) as object);

function nested(depth: number): string {
  return depth === 0 ? '1' : `{"a":${nested(depth - 1)}}`;
}

describe('attributes of arguments', () => {
  it('are the scalars, with dots between nested names', () => {
    expect(attributes('{"a":1,"b":{"c":"x","d":{"e":false}},"l":[1,"2",true],"empty":[]}')).toEqual(
      new Map<string, unknown>([
        ['a', 1],
        ['b.c', 'x'],
        ['b.d.e', false],
        ['l', [1, '2', true]],
        ['empty', []],
      ]),
    );
  });

  it('are absent for null and for lists of anything but scalars, so that no clause on them can be decided', () => {
    expect(attributes('{"n":null,"o":[{"a":1}],"m":[1,null],"d":[[1]],"e":{}}')).toEqual(new Map());
  });

  it('keep names that mean something to JavaScript as plain names', () => {
    expect(attributes('{"__proto__":"x","constructor":1,"toString":true}')).toEqual(
      new Map<string, unknown>([
        ['__proto__', 'x'],
        ['constructor', 1],
        ['toString', true],
      ]),
    );
  });

  it.each([
    ['a name with a dot', '{"a.b":1}'],
    ['a nested name with a dot', '{"a":{"b.c":1}}'],
    ['a number without end', '{"a":1e999}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['a lone surrogate in a list', '{"a":["\\udfff"]}'],
    ['a lone surrogate in a name', '{"\\ud800":1}'],
    ['a list at the top', '[1]'],
    [
      'too many names',
      JSON.stringify(Object.fromEntries(Array.from({ length: ATTRIBUTE_LIMITS.count + 1 }, (_, n) => [`a${n}`, n]))),
    ],
    ['a list that is too long', JSON.stringify({ a: new Array(ATTRIBUTE_LIMITS.items + 1).fill(1) })],
    ['a name that is too long', JSON.stringify({ ['a'.repeat(ATTRIBUTE_LIMITS.nameLength + 1)]: 1 })],
    ['objects that are too deep', nested(ATTRIBUTE_LIMITS.depth + 1)],
    ['objects that would overflow the stack', nested(5000)],
  ])('are refused for %s', (_, text) => {
    expect(attributes(text)).toHaveProperty('refused');
  });

  it('are taken up to each limit', () => {
    expect(attributes(nested(ATTRIBUTE_LIMITS.depth))).toEqual(
      new Map([[new Array(ATTRIBUTE_LIMITS.depth).fill('a').join('.'), 1]]),
    );
  });

  it('are found or refused for any JSON object, without an exception', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (json) => {
        const found = attributesOf(JSON.parse(JSON.stringify(json)) as object);
        if (isAttributesRefusal(found)) return;
        for (const [name, value] of found) {
          // Every attribute can be found again by walking its name.
          const walked = name
            .split('.')
            .reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], JSON.parse(JSON.stringify(json)));
          expect(walked).toEqual(value);
        }
      }),
    );
  });
});
