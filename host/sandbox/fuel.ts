import { HostError } from '../contracts/errors.ts';
import { createByteReader, type ByteReader } from './byte-reader.ts';
import { createByteWriter, type ByteWriter } from './byte-writer.ts';
import { ADDED_GLOBALS, copyBody, copyExpression, type FuelContext } from './fuel-code.ts';
import { encodeI64, encodeSection, encodeU32, SECTION, sectionsOf, standsBehind, type Section } from './wasm-binary.ts';
import { listLength, skipValueType } from './wasm-opcodes.ts';

/**
 * The imports under which a module that counts finds the counter of its run, and the function that it calls when that is
 * below zero: it returns 1 where the guest may go on. A function would move all others; a global that refers to it does not.
 */
export const FUEL_IMPORT = { module: 'sallyport:fuel', counter: 'counter', pause: 'pause' } as const;

const GLOBAL = 3;
const FUNCTION_TYPE = 0x60;
const [REFERENCE, I32, I64] = [0x64, 0x7f, 0x7e];
/** The type of `pause`: no parameters, an i32. */
export const PAUSE_TYPE = [FUNCTION_TYPE, 0, 1, I32] as const;
/** The part of the name section that names globals. */
const GLOBAL_NAMES = 7;

/**
 * Makes a valid core module count its instructions: it imports one more global, a mutable `i64` that all instances of a
 * run share, and subtracts from it what it is about to do. Below zero it asks whether it may go on, and traps where it may
 * not. What it computes stays the same.
 */
export function addFuel(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  if (imports.some(({ module }) => module === FUEL_IMPORT.module)) {
    throw new HostError('ERR_COMPONENT_REFUSED', `a core module imports from \`${FUEL_IMPORT.module}\` itself`);
  }
  const sections = sectionsOf(bytes);
  const types = readTypes(bytes, sections);
  const parameters = readParameters(bytes, sections, types);
  const counter = imports.filter(({ kind }) => kind === 'global').length;
  const context: FuelContext = { bytes, counter, pauseType: types.length };
  const out = createByteWriter(bytes.length + (bytes.length >> 2));
  out.bytes(bytes.subarray(0, 8));
  const missing: AddedEntries[] = [
    { id: SECTION.type, count: 1, entries: PAUSE_TYPE },
    { id: SECTION.import, count: ADDED_GLOBALS, entries: importsOf(context) },
  ];
  const add = (isNow: (id: number) => boolean, existing?: Section): boolean => {
    const [next] = missing;
    if (next === undefined || !isNow(next.id)) return false;
    missing.shift();
    out.bytes(extended(bytes, next, existing));
    return true;
  };
  for (const section of sections) {
    while (section.id !== SECTION.custom && add((id) => standsBehind(section.id, id)));
    if (!add((id) => id === section.id, section)) out.bytes(rewritten(section, context, parameters));
  }
  while (add(() => true));
  return out.finish();
}

function importsOf({ pauseType }: FuelContext): number[] {
  const text = (value: string): number[] => [...encodeU32(value.length), ...Buffer.from(value)];
  const { module, counter, pause } = FUEL_IMPORT;
  return [
    ...[...text(module), ...text(counter), GLOBAL, I64, 1],
    ...[...text(module), ...text(pause), GLOBAL, REFERENCE, ...encodeI64(pauseType), 0], // a heap type is signed
  ];
}

/** Entries for the end of a section that is a list. */
interface AddedEntries {
  readonly id: number;
  readonly count: number;
  readonly entries: readonly number[];
}

/** A section with more entries than it had; made of them alone where there was none. */
function extended(bytes: Uint8Array, { id, count, entries }: AddedEntries, existing?: Section): Uint8Array {
  if (existing === undefined) return encodeSection(id, [encodeU32(count), entries]);
  const list = createByteReader(bytes, existing.body, existing.end);
  const before = list.u32();
  return encodeSection(id, [encodeU32(before + count), bytes.subarray(list.position(), existing.end), entries]);
}

function rewritten(section: Section, context: FuelContext, parameters: readonly number[]): Uint8Array {
  const { bytes } = context;
  const reader = createByteReader(bytes, section.body, section.end);
  const out = createByteWriter(2 * (section.end - section.body));
  const copy = createCopy(reader, out, context);
  switch (section.id) {
    case SECTION.global:
      repeat(reader, () => {
        skipValueType(reader);
        reader.byte(); // mutable or not
        copy.expression();
      });
      break;
    case SECTION.export:
      repeat(reader, () => {
        reader.take(reader.u32());
        if (reader.byte() === GLOBAL) copy.globalIndex();
        else reader.u32();
      });
      break;
    case SECTION.element:
      repeat(reader, () => readElements(reader, copy));
      break;
    case SECTION.code:
      repeat(reader, (index) => copy.body(parameters[index] ?? 0));
      break;
    case SECTION.data:
      repeat(reader, () => {
        const kind = reader.u32();
        if (kind === 2) reader.u32(); // which memory
        if (kind !== 1) copy.expression();
        reader.take(reader.u32());
      });
      break;
    case SECTION.custom:
      return customSection(section, context);
    default:
      return bytes.subarray(section.start, section.end);
  }
  if (!reader.atEnd()) throw new RangeError('a section is longer than its list');
  copy.rest();
  return encodeSection(section.id, [out.finish()]);
}

/** Copies a section, but for the parts that change. */
interface Copy {
  expression(): void;
  globalIndex(): void;
  body(parameters: number): void;
  rest(): void;
}

function createCopy(reader: ByteReader, out: ByteWriter, context: FuelContext): Copy {
  let from = reader.position();
  const rest = (): void => {
    out.bytes(context.bytes.subarray(from, reader.position()));
    from = reader.position();
  };
  return {
    rest,
    expression(): void {
      rest();
      copyExpression(reader, out, context);
      from = reader.position();
    },
    globalIndex(): void {
      rest();
      const index = reader.u32();
      out.bytes(encodeU32(index < context.counter ? index : index + ADDED_GLOBALS));
      from = reader.position();
    },
    body(parameters: number): void {
      rest();
      const body = reader.take(reader.u32());
      const copied = createByteWriter(2 * body.left());
      copyBody(body, copied, context, parameters);
      out.bytes(encodeU32(copied.length()));
      out.bytes(copied.finish());
      from = reader.position();
    },
  };
}

/** One segment of an element section (core specification, section 5.5.12): three bits say which of its forms. */
function readElements(reader: ByteReader, copy: Copy): void {
  const form = reader.u32();
  const [isPassive, isExplicit, hasExpressions] = [1, 2, 4].map((bit) => (form & bit) !== 0);
  if (isPassive !== true) {
    if (isExplicit === true) reader.u32(); // which table
    copy.expression();
  }
  if (isPassive === true || isExplicit === true) {
    if (hasExpressions === true) skipValueType(reader);
    else reader.byte();
  }
  repeat(reader, () => {
    if (hasExpressions === true) copy.expression();
    else reader.u32();
  });
}

/**
 * Copies the name section with the names of globals moved, and any other custom section as it is; also one that cannot
 * be read: the engine does not read it either.
 */
function customSection(section: Section, { bytes, counter }: FuelContext): Uint8Array {
  const whole = bytes.subarray(section.start, section.end);
  const reader = createByteReader(bytes, section.body, section.end);
  try {
    if (reader.text() !== 'name') return whole;
    const parts: (Uint8Array | number[])[] = [bytes.subarray(section.body, reader.position())];
    while (!reader.atEnd()) {
      const start = reader.position();
      const kind = reader.byte();
      const names = reader.take(reader.u32());
      if (kind !== GLOBAL_NAMES) parts.push(bytes.subarray(start, reader.position()));
      else parts.push(movedNames(names, bytes, counter));
    }
    return encodeSection(section.id, parts);
  } catch {
    return whole;
  }
}

function movedNames(names: ByteReader, bytes: Uint8Array, counter: number): Uint8Array {
  const count = listLength(names);
  const parts: (Uint8Array | number[])[] = [encodeU32(count)];
  for (let entry = 0; entry < count; entry++) {
    const index = names.u32();
    const start = names.position();
    names.take(names.u32());
    parts.push(encodeU32(index < counter ? index : index + ADDED_GLOBALS), bytes.subarray(start, names.position()));
  }
  return encodeSection(GLOBAL_NAMES, parts);
}

function sectionReader(bytes: Uint8Array, sections: readonly Section[], id: number): ByteReader {
  const section = sections.find((each) => each.id === id);
  return section === undefined
    ? createByteReader(Uint8Array.of(0))
    : createByteReader(bytes, section.body, section.end);
}

/** How many parameters each type of the module has. */
function readTypes(bytes: Uint8Array, sections: readonly Section[]): number[] {
  const types: number[] = [];
  const reader = sectionReader(bytes, sections, SECTION.type);
  repeat(reader, () => {
    if (reader.byte() !== FUNCTION_TYPE) {
      throw new HostError(
        'ERR_COMPONENT_REFUSED',
        'a core module has garbage-collected types, which cannot be counted',
      );
    }
    types.push(skipTypes(reader));
    skipTypes(reader);
  });
  return types;
}

/** How many parameters each function of the module has. */
function readParameters(bytes: Uint8Array, sections: readonly Section[], types: readonly number[]): number[] {
  const parameters: number[] = [];
  const functions = sectionReader(bytes, sections, SECTION.function);
  repeat(functions, () => parameters.push(types[functions.u32()] ?? 0));
  return parameters;
}

function skipTypes(reader: ByteReader): number {
  const length = listLength(reader);
  for (let index = 0; index < length; index++) skipValueType(reader);
  return length;
}

function repeat(reader: ByteReader, read: (index: number) => unknown): void {
  const length = listLength(reader);
  for (let index = 0; index < length; index++) read(index);
}
