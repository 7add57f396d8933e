import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCallCodec } from '../../host/sandbox/canonical-abi.ts';
import { AbiTrap, createGuestMemory, type GuestMemory } from '../../host/sandbox/guest-memory.ts';
import type { ValueType } from '../../host/sandbox/value-type.ts';

const PAGE = 65_536;

/** A guest's memory with an allocator that never frees. */
const FREE = { charge: () => undefined, hold: () => undefined };

function guest(pages = 16): GuestMemory {
  const memory = new WebAssembly.Memory({ initial: pages });
  let top = 4096;
  const realloc = (_: number, __: number, align: number, size: number): number => {
    const at = Math.ceil(top / align) * align;
    top = at + size;
    return at;
  };
  const flags = new WebAssembly.Global({ value: 'i32', mutable: true }, 1);
  return createGuestMemory({ memory: () => memory, realloc: () => realloc, flags: () => flags }, FREE);
}

/** Lowers a value into memory and lifts it from there, through a function that takes what it gives. */
function roundTrip(type: ValueType, value: unknown): unknown {
  // Seventeen core values go through memory, and so does a result of more than one.
  const filler: ValueType[] = Array.from({ length: 17 }, () => 'u8');
  const wide: ValueType = { kind: 'tuple', of: [type, ...filler] };
  const codec = createCallCodec({ self: false, parameters: [type, ...filler], result: wide });
  if (codec === undefined) throw new Error('not a type of plain data');
  const memory = guest();
  codec.lower(memory, [0, 64], [value, ...filler.map(() => 0)]);
  return codec.lift(memory, [64])[0];
}

interface Sample {
  readonly type: ValueType;
  readonly values: fc.Arbitrary<unknown>;
}

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
const text = fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.toWellFormed());
const primitives: Sample[] = [
  { type: 'bool', values: fc.boolean() },
  { type: 'u8', values: fc.integer({ min: 0, max: 255 }) },
  { type: 's8', values: fc.integer({ min: -128, max: 127 }) },
  { type: 'u16', values: fc.integer({ min: 0, max: 65_535 }) },
  { type: 's16', values: fc.integer({ min: -32_768, max: 32_767 }) },
  { type: 'u32', values: fc.integer({ min: 0, max: 2 ** 32 - 1 }) },
  { type: 's32', values: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) },
  { type: 'u64', values: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
  { type: 's64', values: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { type: 'f32', values: fc.float() },
  { type: 'f64', values: fc.double() },
  {
    type: 'char',
    values: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((value) => value.isWellFormed()),
  },
  { type: 'string', values: text },
  { type: { kind: 'list', of: 'u8' }, values: fc.uint8Array({ maxLength: 40 }) },
];

const leaf = fc.constantFrom(...primitives);
const distinct = (least: number): fc.Arbitrary<string[]> => fc.uniqueArray(name, { minLength: least, maxLength: 4 });

/** A type, and what may be its values. */
const { sample } = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { maxDepth: 3 },
    leaf,
    tie('sample')
      .filter(({ type }) => type !== 'u8')
      .map(({ type, values }) => ({
        type: { kind: 'list', of: type } as const,
        values: fc.array(values, { maxLength: 4 }),
      })),
    tie('sample')
      .filter(({ type }) => typeof type === 'string' || type.kind !== 'option')
      .map(({ type, values }) => ({
        type: { kind: 'option', of: type } as const,
        values: fc.option(values, { nil: undefined }),
      })),
    fc.array(tie('sample'), { minLength: 1, maxLength: 4 }).map((samples) => ({
      type: { kind: 'tuple', of: samples.map(({ type }) => type) } as const,
      values: fc.tuple(...samples.map(({ values }) => values)),
    })),
    distinct(1).map((names) => ({ type: { kind: 'enum', names } as const, values: fc.constantFrom(...names) })),
    fc.tuple(distinct(4), fc.array(tie('sample'), { minLength: 1, maxLength: 4 })).map(([names, samples]) => ({
      type: { kind: 'record', fields: samples.map(({ type }, index) => [names[index] ?? '', type] as const) } as const,
      values: fc.record(Object.fromEntries(samples.map(({ values }, index) => [names[index] ?? '', values]))),
    })),
    fc
      .tuple(distinct(4), fc.array(fc.option(tie('sample')), { minLength: 1, maxLength: 4 }))
      .map(([names, samples]) => ({
        type: {
          kind: 'variant',
          cases: samples.map((each, index) => [names[index] ?? '', each?.type ?? null] as const),
        } as const,
        values: fc.oneof(
          ...samples.map((each, index) =>
            each === null
              ? fc.constant({ tag: names[index] ?? '' })
              : each.values.map((val) => ({ tag: names[index] ?? '', val })),
          ),
        ),
      })),
  ),
}));

describe('a value of plain data', () => {
  it('comes back from the memory of the guest as it was', () => {
    fc.assert(
      fc.property(
        sample.chain(({ type, values }) => fc.tuple(fc.constant(type), values)),
        ([type, value]) => {
          expect(roundTrip(type, value)).toEqual(value);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('keeps a byte order mark, and loses what is no Unicode', () => {
    expect(roundTrip('string', '\uFEFFa')).toBe('\uFEFFa');
    expect(roundTrip('string', 'a\uD800b')).toBe('a\uFFFDb');
  });

  it('is lifted from core values where it has few of them', () => {
    const parameters: ValueType[] = [
      's8',
      'u16',
      { kind: 'option', of: { kind: 'tuple', of: ['u64', 's32'] } },
      {
        kind: 'variant',
        cases: [
          ['a', 'f32'],
          ['b', 'u32'],
          ['c', null],
        ],
      },
      {
        kind: 'variant',
        cases: [
          ['a', 'f64'],
          ['b', 's64'],
          ['c', 's32'],
        ],
      },
    ];
    const codec = createCallCodec({ self: false, parameters, result: null });
    const bits = (value: number): bigint => new BigInt64Array(new Float64Array([value]).buffer)[0] ?? 0n;
    const single = (value: number): number => new Int32Array(new Float32Array([value]).buffer)[0] ?? 0;
    const lift = (...core: (number | bigint)[]): unknown => codec?.lift(guest(), core);
    expect(lift(255, -1, 1, -1n, -2, 0, single(1.5), 0, bits(2.5))).toEqual([
      ...[-1, 65_535, [2n ** 64n - 1n, -2]],
      ...[
        { tag: 'a', val: 1.5 },
        { tag: 'a', val: 2.5 },
      ],
    ]);
    expect(lift(0, 0, 0, 0n, 0, 1, -1, 2, -1n)).toEqual([
      ...[0, 0, undefined],
      ...[
        { tag: 'b', val: 2 ** 32 - 1 },
        { tag: 'c', val: -1 },
      ],
    ]);
  });

  it.each<[string, ValueType]>([
    ['an option in an option', { kind: 'option', of: { kind: 'option', of: 'u8' } }],
    ['a list of nothing', { kind: 'list', of: { kind: 'tuple', of: [] } }],
  ])('is left to the glue if it is %s', (_, type) => {
    expect(createCallCodec({ self: false, parameters: [type], result: null })).toBeUndefined();
  });
});

describe('a guest that lies about its values', () => {
  const bytes: ValueType = { kind: 'list', of: 'u8' };
  const pairs: ValueType = { kind: 'list', of: { kind: 'tuple', of: ['u32', 'u32'] } };
  const cases: [string, ValueType, (number | bigint)[]][] = [
    ['a text that begins beyond the memory', 'string', [PAGE, 1]],
    ['a text that ends beyond the memory', 'string', [PAGE - 1, 2]],
    ['a text at a negative address', 'string', [-1, 1]],
    ['a text of four gibibytes', 'string', [0, -1]],
    ['a text that is not UTF-8', 'string', [8, 1]],
    ['a text with half a surrogate pair', 'string', [12, 3]],
    ['bytes beyond the memory', bytes, [1, PAGE]],
    ['a list whose length overflows', pairs, [0, 0x2000_0000]],
    ['a list that is not aligned', pairs, [2, 1]],
    ['an enum without such a case', { kind: 'enum', names: ['a', 'b'] }, [2]],
    ['an enum with a negative case', { kind: 'enum', names: ['a', 'b'] }, [-1]],
    ['an option that is neither there nor not', { kind: 'option', of: 'u8' }, [2, 0]],
    ['a variant without such a case', { kind: 'variant', cases: [['a', null]] }, [1]],
    ['a char that is a surrogate', 'char', [0xd800]],
    ['a char beyond Unicode', 'char', [0x110000]],
  ];
  it.each(cases)('with %s is trapped', (_, type, core) => {
    const memory = guest(1);
    memory.bytes().set([0xff, 0, 0, 0, 0xed, 0xa0, 0x80], 8);
    const codec = createCallCodec({ self: false, parameters: [type], result: null });
    expect(() => codec?.lift(memory, core)).toThrow(AbiTrap);
  });

  it('may put an empty text anywhere within its memory', () => {
    const codec = createCallCodec({ self: false, parameters: ['string', bytes], result: null });
    expect(codec?.lift(guest(1), [PAGE, 0, PAGE, 0])).toEqual(['', new Uint8Array()]);
  });

  it('is trapped when its allocator lies', () => {
    const codec = createCallCodec({ self: false, parameters: [], result: 'string' });
    for (const at of [PAGE, -1, PAGE - 1]) {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const flags = new WebAssembly.Global({ value: 'i32', mutable: true }, 1);
      const options = { memory: () => memory, realloc: () => () => at, flags: () => flags };
      const lying = createGuestMemory(options, FREE);
      expect(() => codec?.lower(lying, [0], 'two')).toThrow(AbiTrap);
    }
    for (const at of [PAGE, PAGE - 4, -8, 2]) expect(() => codec?.lower(guest(1), [at], 'x')).toThrow(AbiTrap);
  });

  it('is charged for what it repeats: a thousand texts in one place are a thousand texts', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    let most = 0;
    const options = { memory: () => memory, realloc: undefined, flags: () => undefined };
    const count = (bytes: number): void => {
      most = bytes;
      if (bytes > 1_000_000) throw new Error('enough');
    };
    const counted = createGuestMemory(options, { ...FREE, charge: count });
    const view = new DataView(memory.buffer);
    for (let index = 0; index < 1000; index++) {
      view.setUint32(1024 + index * 8, 10_000, true);
      view.setUint32(1024 + index * 8 + 4, 50_000, true);
    }
    const codec = createCallCodec({ self: false, parameters: [{ kind: 'list', of: 'string' }], result: null });
    expect(() => codec?.lift(counted, [1024, 1000])).toThrow('enough');
    expect(most).toBeLessThan(1_100_000);
  });
});
