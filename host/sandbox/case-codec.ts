import { toI32, upTo, type Codec, type CoreType, type CoreValue } from './codec.ts';
import { AbiTrap } from './guest-memory.ts';
import { NUMBERS } from './number-codec.ts';

/* Everything with a discriminant. */

interface Discriminated {
  readonly count: number;
  readonly codecs: readonly (Codec | undefined)[];
  readonly toValue: (index: number, payload: unknown) => unknown;
  readonly toCase: (value: unknown) => { readonly index: number; readonly payload: unknown };
}

function discriminated({ count, codecs, toValue, toCase }: Discriminated): Codec {
  const tagSize = count <= 0x100 ? 1 : count <= 0x10000 ? 2 : 4;
  const tag = NUMBERS[({ 1: 'u8', 2: 'u16', 4: 'u32' } as const)[tagSize]];
  const payloadAlign = Math.max(1, ...codecs.map((codec) => codec?.align ?? 1));
  const align = Math.max(tagSize, payloadAlign);
  const offset = upTo(tagSize, payloadAlign);
  const size = upTo(offset + Math.max(0, ...codecs.map((codec) => codec?.size ?? 0)), align);
  const joined = joinFlat(codecs);
  const known = (index: number): number => {
    if (index >= count) throw new AbiTrap('a discriminant is out of range');
    return index;
  };
  return {
    ...{ size, align, flat: ['i32', ...joined] },
    load(memory, at) {
      const index = known(tag.load(memory.view(), at) as number); // `tag` is a number
      return toValue(index, codecs[index]?.load(memory, at + offset));
    },
    store(memory, at, value) {
      const { index, payload } = toCase(value);
      tag.store(memory.view(), at, index as never);
      codecs[index]?.store(memory, at + offset, payload);
    },
    lift(memory, core, from) {
      const index = known(toI32(core[from]) >>> 0);
      const codec = codecs[index];
      if (codec === undefined) return toValue(index, undefined);
      const own = codec.flat.map((type, place) => narrow(core[from + 1 + place] ?? 0, joined[place], type));
      return toValue(index, codec.lift(memory, own, 0));
    },
    ...(joined.length === 0 ? { lower: (value: unknown) => toCase(value).index } : {}),
  };
}

/** The core types that hold any of the cases (`flatten_variant`). */
function joinFlat(codecs: readonly (Codec | undefined)[]): CoreType[] {
  const joined: CoreType[] = [];
  for (const codec of codecs) {
    for (const [place, type] of (codec?.flat ?? []).entries()) joined[place] = join(joined[place] ?? type, type);
  }
  return joined;
}

function join(one: CoreType, other: CoreType): CoreType {
  if (one === other) return one;
  return [one, other].every((type) => type === 'i32' || type === 'f32') ? 'i32' : 'i64';
}

const scratch = new DataView(new ArrayBuffer(8));

/** Takes a value out of a wider or differently named core type, bit by bit. */
function narrow(value: CoreValue, from: CoreType | undefined, to: CoreType): CoreValue {
  if (from === to) return value;
  scratch.setBigInt64(0, BigInt(value), true);
  switch (to) {
    case 'i32':
      return scratch.getInt32(0, true);
    case 'i64':
      return scratch.getBigInt64(0, true);
    case 'f32':
      return scratch.getFloat32(0, true);
    case 'f64':
      return scratch.getFloat64(0, true);
  }
}

export function optionOf(codec: Codec): Codec {
  return discriminated({
    count: 2,
    codecs: [undefined, codec],
    toValue: (index, payload) => (index === 0 ? undefined : payload),
    toCase: (value) => ({ index: value === undefined ? 0 : 1, payload: value }),
  });
}

export function enumOf(names: readonly string[]): Codec {
  const indexes = new Map(names.map((name, index) => [name, index]));
  return discriminated({
    count: names.length,
    codecs: [],
    toValue: (index) => names[index],
    toCase: (value) => ({ index: caseOf(indexes, value), payload: undefined }),
  });
}

export function variantOf(cases: readonly (readonly [name: string, codec: Codec | undefined])[]): Codec {
  const indexes = new Map(cases.map(([name], index) => [name, index]));
  const names = cases.map(([name]) => name);
  const codecs = cases.map(([, codec]) => codec);
  return discriminated({
    count: cases.length,
    codecs,
    toValue: (index, payload) =>
      codecs[index] === undefined ? { tag: names[index] } : { tag: names[index], val: payload },
    toCase(value) {
      const { tag, val } = value as { readonly tag: unknown; readonly val?: unknown }; // what the gate gives has the type of its WIT
      return { index: caseOf(indexes, tag), payload: val };
    },
  });
}

function caseOf(indexes: ReadonlyMap<string, number>, name: unknown): number {
  const index = indexes.get(name as string); // anything else is not found
  if (index === undefined) throw new TypeError('an answer has a case that its type does not know');
  return index;
}
