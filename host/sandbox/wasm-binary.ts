/** Primitives of the WebAssembly binary format (core specification, section 5): enough to walk and rewrite a module. */

/** A number and the offset after it. */
export interface Read {
  readonly value: number;
  readonly next: number;
}

/** A section as offsets: its id byte at `start`, its contents from `body` to `end`. */
export interface Section {
  readonly id: number;
  readonly start: number;
  readonly body: number;
  readonly end: number;
}

export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
} as const;

/** Position of each section id in a module; custom sections (0) may stand anywhere. */
const ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/** Whether `id` is a section of a core module, other than a custom one. */
export const isSection = (id: number): boolean => ORDER.includes(id);

/** Whether a section `id` must stand behind a section `other`. */
export const standsBehind = (id: number, other: number): boolean => ORDER.indexOf(id) > ORDER.indexOf(other);

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError('the module ends inside a section');
  return byte;
}

/** Reads an unsigned LEB128 number of at most 32 bits. */
export function readU32(bytes: Uint8Array, at: number): Read {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = byteAt(bytes, at + index);
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) {
      if (value > 0xffff_ffff) break;
      return { value, next: at + index + 1 };
    }
  }
  throw new RangeError('a number of the module does not fit 32 bits');
}

export function encodeU32(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    out.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return out;
}

/** A whole number that is not negative, in the signed form. */
export function encodeI64(value: number): number[] {
  const out = encodeU32(value);
  const last = out.at(-1) ?? 0;
  if (last < 0x40) return out;
  return [...out.slice(0, -1), last | 0x80, 0]; // its sixth bit would be read as a sign
}

/** The offset after a reference type: one byte, or `(ref null? heaptype)`. */
export function skipReferenceType(bytes: Uint8Array, at: number): number {
  const byte = byteAt(bytes, at);
  if (byte !== 0x63 && byte !== 0x64) return at + 1;
  let next = at + 1;
  while (byteAt(bytes, next) >= 0x80) next++;
  return next + 1;
}

/** The sections of a core module in the order of the file. */
export function sectionsOf(bytes: Uint8Array): Section[] {
  const sections: Section[] = [];
  for (let at = 8; at < bytes.length;) {
    const { value: length, next: body } = readU32(bytes, at + 1);
    if (body + length > bytes.length) throw new RangeError('a section ends behind the module');
    sections.push({ id: byteAt(bytes, at), start: at, body, end: body + length });
    at = body + length;
  }
  return sections;
}

/** A section as bytes: id, length, contents. */
export function encodeSection(id: number, parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const body = Buffer.concat(parts.map((part) => Uint8Array.from(part)));
  return Buffer.concat([Uint8Array.from([id, ...encodeU32(body.length)]), body]);
}
