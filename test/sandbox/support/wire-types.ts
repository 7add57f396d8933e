import * as fc from 'fast-check';
import { PRIMITIVES, type PrimitiveType, type ValueType } from '../../../host/sandbox/value-type.ts';

const NAMES = ['a', 'some-name', 'x1', 'constructor', 'to-string'] as const;
const names = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 });

/** Types, at most so many levels deep. */
function typesOf(levels: number): fc.Arbitrary<ValueType> {
  const simple: fc.Arbitrary<ValueType>[] = [
    fc.constantFrom<ValueType>(...PRIMITIVES),
    fc.record({ kind: fc.constantFrom('enum' as const, 'flags' as const), names }),
    fc.record({ kind: fc.constantFrom('own' as const, 'borrow' as const), resource: fc.constant('a:b/c#d') }),
  ];
  if (levels === 0) return fc.oneof(...simple);
  const type = typesOf(levels - 1);
  const typeOrNone = fc.option(type);
  return fc.oneof(
    ...simple,
    fc.record({ kind: fc.constantFrom('list' as const, 'option' as const), of: type }),
    fc.record({ kind: fc.constant('tuple' as const), of: fc.array(type, { minLength: 1, maxLength: 3 }) }),
    fc.record({ kind: fc.constant('record' as const), fields: named(type) }),
    fc.record({ kind: fc.constant('variant' as const), cases: named(typeOrNone) }),
    fc.record({ kind: fc.constant('result' as const), ok: typeOrNone, err: typeOrNone }),
  );
}

function named<T>(values: fc.Arbitrary<T>): fc.Arbitrary<(readonly [string, T])[]> {
  return fc.uniqueArray(fc.tuple(fc.constantFrom(...NAMES), values), {
    ...{ minLength: 1, maxLength: 3 },
    selector: ([name]) => name,
  });
}

export const wireTypes = typesOf(3);

/** A type, and a value of it. */
export const typesAndValues: fc.Arbitrary<{ type: ValueType; value: unknown }> = wireTypes.chain((type) =>
  valuesOf(type).map((value) => ({ type, value })),
);

const camel = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

const INTEGERS: Partial<Record<PrimitiveType, readonly [number, number]>> = {
  u8: [0, 0xff],
  s8: [-0x80, 0x7f],
  u16: [0, 0xffff],
  s16: [-0x8000, 0x7fff],
  u32: [0, 0xffffffff],
  s32: [-0x80000000, 0x7fffffff],
};

function primitivesOf(type: PrimitiveType): fc.Arbitrary<unknown> {
  switch (type) {
    case 'bool':
      return fc.boolean();
    case 'string':
      return fc.string({ unit: 'binary' });
    case 'char':
      return fc.string({ unit: 'binary', minLength: 1, maxLength: 1 });
    case 'f32':
      return fc.float();
    case 'f64':
      return fc.double();
    case 'u64':
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case 's64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    default: {
      const [min = 0, max = 0] = INTEGERS[type] ?? [];
      return fc.integer({ min, max });
    }
  }
}

const LISTS = new Map<ValueType, (items: never[]) => unknown>([
  ['u8', (items) => Uint8Array.from(items)],
  ['s8', (items) => Int8Array.from(items)],
  ['u16', (items) => Uint16Array.from(items)],
  ['s16', (items) => Int16Array.from(items)],
  ['u32', (items) => Uint32Array.from(items)],
  ['s32', (items) => Int32Array.from(items)],
  ['u64', (items) => BigUint64Array.from(items)],
  ['s64', (items) => BigInt64Array.from(items)],
  ['f32', (items) => Float32Array.from(items)],
  ['f64', (items) => Float64Array.from(items)],
]);

function casesOf(cases: readonly (readonly [string, ValueType | null])[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    ...cases.map(([tag, type]) =>
      type === null ? fc.constant({ tag }) : fc.record({ tag: fc.constant(tag), val: valuesOf(type) }),
    ),
  );
}

function valuesOf(type: ValueType): fc.Arbitrary<unknown> {
  if (typeof type === 'string') return primitivesOf(type);
  switch (type.kind) {
    case 'list': {
      const items = fc.array(valuesOf(type.of), { maxLength: 4 });
      return items.map((values) => LISTS.get(type.of)?.(values as never[]) ?? values);
    }
    case 'option': {
      const value = valuesOf(type.of);
      if (typeof type.of !== 'object' || type.of.kind !== 'option') return fc.option(value, { nil: undefined });
      return fc.oneof(
        fc.constant({ tag: 'none' }),
        value.map((val) => ({ tag: 'some', val })),
      );
    }
    case 'tuple':
      return fc.tuple(...type.of.map(valuesOf));
    case 'enum':
      return fc.constantFrom(...type.names);
    case 'flags':
      return members(type.names.map((name) => [name, fc.boolean()]));
    case 'own':
    case 'borrow':
      return fc.integer({ min: 0, max: 0xffffffff });
    case 'record':
      return members(type.fields.map(([name, field]) => [name, valuesOf(field)]));
    case 'variant':
      return casesOf(type.cases);
    case 'result':
      return casesOf([
        ['ok', type.ok],
        ['err', type.err],
      ]);
  }
}

function members(fields: readonly (readonly [string, fc.Arbitrary<unknown>])[]): fc.Arbitrary<unknown> {
  return fc
    .tuple(...fields.map(([, value]) => value))
    .map((values) => Object.fromEntries(fields.map(([name], index) => [camel(name), values[index]])));
}
