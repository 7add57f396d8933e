import { HostError } from '../contracts/errors.ts';
import { createByteReader, type ByteReader } from './byte-reader.ts';
import { createByteWriter, type ByteWriter } from './byte-writer.ts';
import { copyBody, copyExpression, type FuelContext } from './fuel-code.ts';
import { encodeSection, encodeU32, SECTION, sectionsOf, standsBehind, type Section } from './wasm-binary.ts';
import { listLength, skipValueType } from './wasm-opcodes.ts';

/** The import under which a module that counts finds the counter of its run. */
export const FUEL_IMPORT = { module: 'sallyport:fuel', name: 'counter' } as const;

const GLOBAL = 3;
const FUNCTION_TYPE = 0x60;
/** The part of the name section that names globals. */
const GLOBAL_NAMES = 7;

/**
 * Makes a valid core module count its instructions: it imports one more global, a mutable `i64` that all instances of a
 * run share, and subtracts from it what it is about to do. Below zero it traps. What it computes stays the same.
 */
export function addFuel(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
  if (imports.some(({ module }) => module === FUEL_IMPORT.module)) {
    throw new HostError('ERR_COMPONENT_REFUSED', `a core module imports from \`${FUEL_IMPORT.module}\` itself`);
  }
  const context: FuelContext = { bytes, counter: imports.filter(({ kind }) => kind === 'global').length };
  const sections = sectionsOf(bytes);
  const parameters = readParameters(bytes, sections);
  const out = createByteWriter(bytes.length + (bytes.length >> 2));
  out.bytes(bytes.subarray(0, 8));
  let isImported = false;
  for (const section of sections) {
    if (!isImported && section.id !== SECTION.custom && standsBehind(section.id, SECTION.import)) {
      out.bytes(importSection(bytes, undefined));
      isImported = true;
    }
    if (section.id === SECTION.import) {
      out.bytes(importSection(bytes, section));
      isImported = true;
    } else out.bytes(rewritten(section, context, parameters));
  }
  if (!isImported) out.bytes(importSection(bytes, undefined));
  return out.finish();
}

function importSection(bytes: Uint8Array, existing: Section | undefined): Uint8Array {
  const text = (value: string): number[] => [...encodeU32(value.length), ...Buffer.from(value)];
  const added = [...text(FUEL_IMPORT.module), ...text(FUEL_IMPORT.name), GLOBAL, 0x7e, 1];
  if (existing === undefined) return encodeSection(SECTION.import, [[1], added]);
  const list = createByteReader(bytes, existing.body, existing.end);
  const count = list.u32();
  return encodeSection(SECTION.import, [encodeU32(count + 1), bytes.subarray(list.position(), existing.end), added]);
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
      out.bytes(encodeU32(index < context.counter ? index : index + 1));
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
    parts.push(encodeU32(index < counter ? index : index + 1), bytes.subarray(start, names.position()));
  }
  return encodeSection(GLOBAL_NAMES, parts);
}

/** How many parameters each function of the module has. */
function readParameters(bytes: Uint8Array, sections: readonly Section[]): number[] {
  const reader = (id: number): ByteReader => {
    const section = sections.find((each) => each.id === id);
    return section === undefined
      ? createByteReader(Uint8Array.of(0))
      : createByteReader(bytes, section.body, section.end);
  };
  const types: number[] = [];
  const typeSection = reader(SECTION.type);
  repeat(typeSection, () => {
    if (typeSection.byte() !== FUNCTION_TYPE) {
      throw new HostError(
        'ERR_COMPONENT_REFUSED',
        'a core module has garbage-collected types, which cannot be counted',
      );
    }
    types.push(skipTypes(typeSection));
    skipTypes(typeSection);
  });
  const parameters: number[] = [];
  const functions = reader(SECTION.function);
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
