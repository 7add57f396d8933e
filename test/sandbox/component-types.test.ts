import { describe, expect, it } from 'vitest';
import { importedFunctions } from '../../host/sandbox/component-types.ts';
import { componentOf } from './support/wat.ts';

/** The digest of the type of `f` in an interface that is declared so. */
async function typeOfF(declarations: string, before = '', name = 'test:a/b@1.0.0'): Promise<string | undefined> {
  const { types } = importedFunctions(
    await componentOf(`(component ${before} (import "${name}" (instance ${declarations})))`),
  );
  return types.get(`${name.replace(/@.*/, '')}#f`);
}

const func = (parameter: string, result = ''): string => `(export "f" (func (param "x" ${parameter}) ${result}))`;

describe('the types of imported functions', () => {
  const different: [string, string, string][] = [
    ['a text and a list of texts', func('string'), func('(list string)')],
    ['numbers of another size', func('u32'), func('u64')],
    ['a result and none', func('u8', '(result u8)'), func('u8')],
    ['an option and its value', func('(option u8)'), func('u8')],
    ['tuples of another order', func('(tuple u8 string)'), func('(tuple string u8)')],
    [
      'the two sides of a result',
      func('u8', '(result (result string))'),
      func('u8', '(result (result (error string)))'),
    ],
  ];
  it.each(different)('tells apart %s', async (_, one, other) => {
    expect(await typeOfF(one)).toMatch(/^[0-9a-f]{24}$/);
    expect(await typeOfF(one)).not.toBe(await typeOfF(other));
  });

  it('tells apart fields, cases and their order', async () => {
    const record = (fields: string): string =>
      `(type $r (record ${fields})) (export "r" (type $e (eq $r))) ${func('$e')}`;
    const forms = ['(field "a" u8) (field "b" u8)', '(field "b" u8) (field "a" u8)', '(field "a" u8) (field "c" u8)'];
    expect(new Set(await Promise.all(forms.map((fields) => typeOfF(record(fields))))).size).toBe(3);
  });

  it('does not look at names of parameters, or at the order in which types are declared', async () => {
    const one = '(type $t (tuple u8 u8)) (type $l (list $t)) (export "f" (func (param "x" $l)))';
    const other =
      '(type (list u16)) (type $t (tuple u8 u8)) (type $l (list $t)) (export "f" (func (param "other" $l)))';
    expect(await typeOfF(one)).toBe(await typeOfF(other));
  });

  it('knows a resource by its interface and its name, whatever the version', async () => {
    const using = (name: string): string => `(export "${name}" (type $t (sub resource))) ${func('(borrow $t)')}`;
    const [one, patch, other, elsewhere] = await Promise.all([
      typeOfF(using('thing')),
      typeOfF(using('thing'), '', 'test:a/b@1.0.7'),
      typeOfF(using('other')),
      typeOfF(using('thing'), '', 'test:a/c@1.0.0'),
    ]);
    expect(patch).toBe(one);
    expect(other).not.toBe(one);
    expect(elsewhere).not.toBe(one);
  });

  it('follows a type of another interface', async () => {
    const other = (type: string): string => `
      (import "test:a/types" (instance $types (type $d ${type}) (export "d" (type (eq $d)))))
      (alias export $types "d" (type $d))`;
    const using = `(alias outer 1 $d (type $d)) ${func('$d')}`;
    expect(await typeOfF(using, other('(list u8)'))).toBe(await typeOfF(func('(list u8)')));
    expect(await typeOfF(using, other('(list u16)'))).not.toBe(await typeOfF(func('(list u8)')));
  });

  it('reads types that double at every level in no time', async () => {
    const levels = Array.from({ length: 200 }, (_, level) => `(type $t${level + 1} (tuple $t${level} $t${level}))`);
    const started = performance.now();
    expect(await typeOfF(`(type $t0 (tuple u8 u8)) ${levels.join(' ')} ${func('$t200')}`)).toMatch(/^[0-9a-f]{24}$/);
    const nested = (depth: number): string =>
      depth === 0
        ? func('u8')
        : `(type $i (instance ${nested(depth - 1)})) (export "a" (instance (type $i))) (export "b" (instance (type $i)))`;
    expect(
      importedFunctions(await componentOf(`(component (import "test:a/b" (instance ${nested(40)})))`)).types,
    ).toEqual(new Map());
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('throws at the end of the bytes', async () => {
    const whole = await componentOf(
      `(component (import "test:a/b@1.0.0" (instance ${func('(list (tuple u8 string))')})))`,
    );
    for (let length = 9; length < whole.length; length++) {
      const cut = whole.subarray(0, length);
      try {
        expect(importedFunctions(cut).types.size).toBeLessThanOrEqual(1);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
  });
});
