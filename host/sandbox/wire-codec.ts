import { Unsupported } from './codec.ts';
import { camelCase } from './import-names.ts';
import type { PrimitiveType, ValueType } from './value-type.ts';
import { WireError, type WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/*
 * WIT values as bytes: what passes between the process of a guest and its broker. The types are known to both ends, so
 * nothing in the bytes says what they are: numbers in little endian, a length before texts and lists, the number of the
 * case before its value. Each value has exactly one form, and a reader takes no other. In JavaScript, values look as the
 * generated glue makes them (see `canonical-abi.ts`); lists of numbers are typed arrays.
 */

/** Handles on the wire: the ends of it know resources in different ways. Either function throws for one that is not there. */
export interface WireHandles {
  /** `own` passes the resource on: whoever gives it away does not have it any more. */
  numberOf(resource: string, value: unknown, own: boolean): number;
  valueOf(resource: string, number: number, own: boolean): unknown;
}

/** How the values of one type are written and read. */
export interface WireCodec {
  /** Throws `TypeError` for a value that is not of the type. */
  readonly write: (writer: WireWriter, value: unknown) => void;
  /** Throws `WireError` and `WireExcess`, and whatever its `WireHandles` throw. */
  readonly read: (reader: WireReader) => unknown;
  /** The fewest bytes that a value has; never 0. */
  readonly least: number;
  /** How many values of JavaScript one of them is, where all lists are empty. */
  readonly values: number;
}

/** Throws `Unsupported` for a type the values of which have no bytes at all: lists of them would have no bound. */
export function createWireCodec(type: ValueType, handles: WireHandles): WireCodec {
  if (typeof type === 'string') return PRIMITIVE[type];
  const part = (of: ValueType): WireCodec => createWireCodec(of, handles);
  const partOrNone = (of: ValueType | null): WireCodec | undefined => (of === null ? undefined : part(of));
  switch (type.kind) {
    case 'list':
      return listOf(type.of, part(type.of));
    case 'option':
      return optionOf(part(type.of), typeof type.of === 'object' && type.of.kind === 'option');
    case 'tuple':
      return tupleOf(type.of.map(part));
    case 'enum':
      return enumOf(type.names);
    case 'flags':
      return flagsOf(type.names.map(camelCase));
    case 'record':
      return recordOf(type.fields.map(([name, field]) => [camelCase(name), part(field)]));
    case 'variant':
      return variantOf(type.cases.map(([name, payload]) => [name, partOrNone(payload)]));
    case 'result':
      return variantOf([
        ['ok', partOrNone(type.ok)],
        ['err', partOrNone(type.err)],
      ]);
    case 'own':
    case 'borrow':
      return handleOf(type.resource, type.kind === 'own', handles);
  }
}

const misfit = (what: string): TypeError => new TypeError(`a value is not ${what}`);

function numberIn(value: unknown): number {
  if (typeof value !== 'number') throw misfit('a number');
  return value;
}

function bigintIn(value: unknown): bigint {
  if (typeof value !== 'bigint') throw misfit('a bigint');
  return value;
}

type Write<T> = (writer: WireWriter, value: T) => void;

const numeric = (least: number, write: Write<number>, read: WireCodec['read']): WireCodec => ({
  ...{ least, values: 1, read },
  write: (writer, value) => write(writer, numberIn(value)),
});
const wide = (read: WireCodec['read']): WireCodec => ({
  ...{ least: 8, values: 1, read },
  write: (writer, value) => writer.u64(bigintIn(value)),
});

const PRIMITIVE: Readonly<Record<PrimitiveType, WireCodec>> = {
  bool: {
    ...{ least: 1, values: 1 },
    write(writer, value) {
      if (typeof value !== 'boolean') throw misfit('a truth value');
      writer.u8(value ? 1 : 0);
    },
    read(reader) {
      const byte = reader.u8();
      if (byte > 1) throw new WireError('a truth value is neither');
      return byte === 1;
    },
  },
  u8: numeric(
    1,
    (writer, value) => writer.u8(value),
    (reader) => reader.u8(),
  ),
  s8: numeric(
    1,
    (writer, value) => writer.u8(value),
    (reader) => (reader.u8() << 24) >> 24,
  ),
  u16: numeric(
    2,
    (writer, value) => writer.u16(value),
    (reader) => reader.u16(),
  ),
  s16: numeric(
    2,
    (writer, value) => writer.u16(value),
    (reader) => (reader.u16() << 16) >> 16,
  ),
  u32: numeric(
    4,
    (writer, value) => writer.u32(value),
    (reader) => reader.u32(),
  ),
  s32: numeric(
    4,
    (writer, value) => writer.u32(value),
    (reader) => reader.u32() | 0,
  ),
  u64: wide((reader) => reader.u64()),
  s64: wide((reader) => BigInt.asIntN(64, reader.u64())),
  f32: numeric(
    4,
    (writer, value) => writer.f32(value),
    (reader) => reader.f32(),
  ),
  f64: numeric(
    8,
    (writer, value) => writer.f64(value),
    (reader) => reader.f64(),
  ),
  char: {
    ...{ least: 4, values: 1 },
    write(writer, value) {
      const code = typeof value === 'string' ? value.codePointAt(0) : undefined;
      if (code === undefined || isSurrogate(code)) throw misfit('a character');
      writer.u32(code);
    },
    read(reader) {
      const code = reader.u32();
      if (code > 0x10ffff || isSurrogate(code)) throw new WireError('a char is no Unicode scalar value');
      return String.fromCodePoint(code);
    },
  },
  string: {
    ...{ least: 4, values: 1 },
    write(writer, value) {
      if (typeof value !== 'string') throw misfit('a text');
      writer.text(value);
    },
    read: (reader) => reader.text(),
  },
};

const isSurrogate = (code: number): boolean => code >= 0xd800 && code < 0xe000;

/** The lists that are typed arrays. */
const ARRAYS = new Map<ValueType, new (length: number) => Record<number, unknown>>([
  ['s8', Int8Array],
  ['u16', Uint16Array],
  ['s16', Int16Array],
  ['u32', Uint32Array],
  ['s32', Int32Array],
  ['u64', BigUint64Array],
  ['s64', BigInt64Array],
  ['f32', Float32Array],
  ['f64', Float64Array],
]);

function listOf(type: ValueType, item: WireCodec): WireCodec {
  if (item.least === 0) throw new Unsupported();
  if (type === 'u8') return BYTES;
  const TypedArray = ARRAYS.get(type);
  return {
    ...{ least: 4, values: 1 },
    write(writer, value) {
      if (!Array.isArray(value) && !ArrayBuffer.isView(value)) throw misfit('a list');
      const items = value as unknown as ArrayLike<unknown>; // an array, or one of the typed arrays
      writer.u32(items.length);
      for (let index = 0; index < items.length; index++) item.write(writer, items[index]);
    },
    read(reader) {
      const count = reader.count(item.least, TypedArray === undefined ? item.values : 0);
      const items = TypedArray === undefined ? new Array<unknown>(count) : new TypedArray(count);
      for (let index = 0; index < count; index++) items[index] = item.read(reader);
      return items;
    },
  };
}

const BYTES: WireCodec = {
  ...{ least: 4, values: 1 },
  write(writer, value) {
    if (!(value instanceof Uint8Array)) throw misfit('bytes');
    writer.u32(value.length);
    writer.raw(value);
  },
  read: (reader) => reader.raw(reader.u32()),
};

/** An option is its value or `undefined`; one in another has a tag, or it could not be told from its absence. */
function optionOf(codec: WireCodec, tagged: boolean): WireCodec {
  return {
    ...{ least: 1, values: 1 + codec.values },
    write(writer, value) {
      const isNone = tagged ? tagOf(value) === 'none' : value === undefined;
      writer.u8(isNone ? 0 : 1);
      if (!isNone) codec.write(writer, tagged ? payloadOf(value) : value);
    },
    read(reader) {
      const byte = reader.u8();
      if (byte > 1) throw new WireError('an option is neither');
      const value = byte === 0 ? undefined : codec.read(reader);
      if (!tagged) return value;
      return byte === 0 ? { tag: 'none' } : { tag: 'some', val: value };
    },
  };
}

function tupleOf(codecs: readonly WireCodec[]): WireCodec {
  return {
    ...sizeOf(codecs),
    write(writer, value) {
      if (!Array.isArray(value) || value.length !== codecs.length) throw misfit('a tuple');
      for (const [index, codec] of codecs.entries()) codec.write(writer, value[index]);
    },
    read: (reader) => codecs.map((codec) => codec.read(reader)),
  };
}

function recordOf(fields: readonly (readonly [name: string, codec: WireCodec])[]): WireCodec {
  return {
    ...sizeOf(fields.map(([, codec]) => codec)),
    write(writer, value) {
      const record = recordIn(value);
      for (const [name, codec] of fields) codec.write(writer, record[name]);
    },
    read(reader) {
      const record: Record<string, unknown> = {};
      for (const [name, codec] of fields) record[name] = codec.read(reader);
      return record;
    },
  };
}

function sizeOf(codecs: readonly WireCodec[]): Pick<WireCodec, 'least' | 'values'> {
  const least = codecs.reduce((sum, codec) => sum + codec.least, 0);
  if (least === 0) throw new Unsupported();
  return { least, values: codecs.reduce((sum, codec) => sum + codec.values, 1) };
}

function recordIn(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw misfit('a record');
  return value as Readonly<Record<string, unknown>>; // an object has members
}

const tagOf = (value: unknown): unknown => recordIn(value)['tag'];
const payloadOf = (value: unknown): unknown => recordIn(value)['val'];

/** Numbers of cases take one byte where that is enough. */
function caseNumbers(names: readonly string[]): {
  readonly least: number;
  readonly write: (writer: WireWriter, name: unknown) => number;
  readonly read: (reader: WireReader) => number;
} {
  const indexes = new Map<unknown, number>(names.map((name, index) => [name, index]));
  if (names.length > 0x10000) throw new Unsupported();
  const isSmall = names.length <= 0x100;
  return {
    least: isSmall ? 1 : 2,
    write(writer, name) {
      const index = indexes.get(name);
      if (index === undefined) throw misfit('one of the cases of its type');
      if (isSmall) writer.u8(index);
      else writer.u16(index);
      return index;
    },
    read(reader) {
      const index = isSmall ? reader.u8() : reader.u16();
      if (index >= names.length) throw new WireError('there is no such case');
      return index;
    },
  };
}

function enumOf(names: readonly string[]): WireCodec {
  const numbers = caseNumbers(names);
  return {
    ...{ least: numbers.least, values: 1 },
    write: (writer, value) => void numbers.write(writer, value),
    read: (reader) => names[numbers.read(reader)],
  };
}

function variantOf(cases: readonly (readonly [name: string, codec: WireCodec | undefined])[]): WireCodec {
  const numbers = caseNumbers(cases.map(([name]) => name));
  return {
    ...{ least: numbers.least, values: 1 + Math.max(0, ...cases.map(([, codec]) => codec?.values ?? 0)) },
    write: (writer, value) => cases[numbers.write(writer, tagOf(value))]?.[1]?.write(writer, payloadOf(value)),
    read(reader) {
      const [tag, codec] = cases[numbers.read(reader)] ?? [];
      return codec === undefined ? { tag } : { tag, val: codec.read(reader) };
    },
  };
}

/** Eight flags in a byte; those that are left over are not set. */
function flagsOf(names: readonly string[]): WireCodec {
  const bytes = Math.ceil(names.length / 8);
  if (bytes === 0) throw new Unsupported();
  return {
    ...{ least: bytes, values: 1 + names.length },
    write(writer, value) {
      const flags = recordIn(value);
      for (let byte = 0; byte < bytes; byte++) {
        const group = names.slice(byte * 8, byte * 8 + 8);
        writer.u8(group.reduce((bits, name, bit) => bits | (flags[name] === true ? 1 << bit : 0), 0));
      }
    },
    read(reader) {
      const flags: Record<string, boolean> = {};
      for (let byte = 0; byte < bytes; byte++) {
        const group = names.slice(byte * 8, byte * 8 + 8);
        const bits = reader.u8();
        if (bits >>> group.length !== 0) throw new WireError('a flag is set that there is not');
        for (const [bit, name] of group.entries()) flags[name] = (bits & (1 << bit)) !== 0;
      }
      return flags;
    },
  };
}

function handleOf(resource: string, own: boolean, handles: WireHandles): WireCodec {
  return {
    ...{ least: 4, values: 1 },
    write: (writer, value) => writer.u32(handles.numberOf(resource, value, own)),
    read: (reader) => handles.valueOf(resource, reader.u32(), own),
  };
}
