import type { Codec, CoreType, CoreValue } from './codec.ts';
import { AbiTrap } from './guest-memory.ts';
import type { PrimitiveType } from './value-type.ts';

interface NumberShape {
  readonly size: number;
  readonly flat: CoreType;
  readonly load: (view: DataView, at: number) => unknown;
  readonly store: (view: DataView, at: number, value: never) => void;
  readonly lift: (core: CoreValue) => unknown;
  readonly lower: (value: never) => CoreValue;
}

export type NumberType = Exclude<PrimitiveType, 'string'>;

export const NUMBERS: Readonly<Record<NumberType, NumberShape>> = {
  bool: {
    ...{ size: 1, flat: 'i32', lift: (core) => Number(core) !== 0, lower: (value: boolean) => (value ? 1 : 0) },
    load: (view, at) => view.getUint8(at) !== 0,
    store: (view, at, value: boolean) => view.setUint8(at, value ? 1 : 0),
  },
  u8: integer(
    1,
    0xff,
    (view, at) => view.getUint8(at),
    (view, at, value) => view.setUint8(at, value),
  ),
  s8: integer(
    1,
    0,
    (view, at) => view.getInt8(at),
    (view, at, value) => view.setInt8(at, value),
  ),
  u16: integer(
    2,
    0xffff,
    (view, at) => view.getUint16(at, true),
    (view, at, value) => view.setUint16(at, value, true),
  ),
  s16: integer(
    2,
    0,
    (view, at) => view.getInt16(at, true),
    (view, at, value) => view.setInt16(at, value, true),
  ),
  u32: integer(
    4,
    -1,
    (view, at) => view.getUint32(at, true),
    (view, at, value) => view.setUint32(at, value, true),
  ),
  s32: integer(
    4,
    0,
    (view, at) => view.getInt32(at, true),
    (view, at, value) => view.setInt32(at, value, true),
  ),
  u64: {
    ...{ size: 8, flat: 'i64', lift: (core) => BigInt.asUintN(64, BigInt(core)) },
    lower: (value: bigint) => BigInt.asIntN(64, value),
    load: (view, at) => view.getBigUint64(at, true),
    store: (view, at, value: bigint) => view.setBigUint64(at, value, true),
  },
  s64: {
    ...{ size: 8, flat: 'i64', lift: (core) => BigInt.asIntN(64, BigInt(core)), lower: (value: bigint) => value },
    load: (view, at) => view.getBigInt64(at, true),
    store: (view, at, value: bigint) => view.setBigInt64(at, value, true),
  },
  f32: {
    ...{ size: 4, flat: 'f32', lift: (core) => core, lower: (value: number) => value },
    load: (view, at) => view.getFloat32(at, true),
    store: (view, at, value: number) => view.setFloat32(at, value, true),
  },
  f64: {
    ...{ size: 8, flat: 'f64', lift: (core) => core, lower: (value: number) => value },
    load: (view, at) => view.getFloat64(at, true),
    store: (view, at, value: number) => view.setFloat64(at, value, true),
  },
  char: {
    ...{ size: 4, flat: 'i32', lift: (core) => toChar(Number(core) >>> 0) },
    lower: (value: string) => value.codePointAt(0) ?? 0xfffd,
    load: (view, at) => toChar(view.getUint32(at, true)),
    store: (view, at, value: string) => view.setUint32(at, value.codePointAt(0) ?? 0xfffd, true),
  },
};

/** `mask` cuts an unsigned number out of an i32; -1 for 32 bits, 0 for a signed one. */
function integer(
  size: 1 | 2 | 4,
  mask: number,
  load: (view: DataView, at: number) => number,
  store: (view: DataView, at: number, value: number) => void,
): NumberShape {
  const spare = 32 - size * 8;
  const lift = (core: CoreValue): number => {
    const value = Number(core);
    if (mask === 0) return (value << spare) >> spare;
    return (value & mask) >>> 0;
  };
  return { size, flat: 'i32', load, store, lift, lower: (value: number) => value | 0 };
}

function toChar(code: number): string {
  if (code >= 0x110000 || (code >= 0xd800 && code < 0xe000)) throw new AbiTrap('a char is no Unicode scalar value');
  return String.fromCodePoint(code);
}

/** The codec of a number, a truth value or a character. */
export function numberCodec(type: NumberType): Codec {
  const { size, flat, load, store, lift, lower } = NUMBERS[type];
  return {
    ...{ size, align: size, flat: [flat] },
    load: (memory, at) => load(memory.view(), at),
    store: (memory, at, value) => store(memory.view(), at, value as never), // what the gate gives has the type of its WIT
    lift: (_, core, from) => lift(core[from] ?? 0),
    lower: (value) => lower(value as never),
  };
}
