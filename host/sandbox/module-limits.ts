import { HostError } from '../contracts/errors.ts';
import {
  SECTION,
  encodeSection,
  encodeU32,
  readU32,
  sectionsOf,
  skipReferenceType,
  standsBehind,
  type Section,
} from './wasm-binary.ts';

/** The bounds that a module declares for one of its own memories (pages of 64 KiB) or tables (entries). */
export interface Bounds {
  readonly min: number;
  /** `undefined`: as much as there is. */
  readonly max: number | undefined;
}

/** What a module defines itself. What it imports is bounded where it is defined. */
export interface Owned {
  readonly memories: readonly Bounds[];
  readonly tables: readonly Bounds[];
}

/** The most that the host lets a module have, one number for each memory and table of `Owned`. */
export interface Ceilings {
  readonly memories: readonly number[];
  readonly tables: readonly number[];
}

interface Entry {
  /** The bytes before the limits: nothing for a memory, the reference type for a table. */
  readonly prefix: Uint8Array;
  readonly bounds: Bounds;
}

/** The name under which the host finds memory `index` of a module, whatever the module exports. */
export const memoryExport = (index: number): string => `sallyport:memory/${index}`;
/** The same for a table. */
export const tableExport = (index: number): string => `sallyport:table/${index}`;

/** Reads the memories and tables of a module that the engine has validated. */
export function ownedBy(bytes: Uint8Array): Owned {
  const sections = sectionsOf(bytes);
  const bounds = (id: number): Bounds[] =>
    sections
      .filter((section) => section.id === id)
      .flatMap((section) => entriesOf(bytes, section).map((e) => e.bounds));
  return { memories: bounds(SECTION.memory), tables: bounds(SECTION.table) };
}

/**
 * Rewrites the memory and table sections so that nothing grows beyond its ceiling, and exports every memory and table
 * to the host. A worker's `resourceLimits` do not bound linear memory; this does, and the guest sees an ordinary allocation
 * failure.
 */
export function rewriteModule(bytes: Uint8Array, ceilings: Ceilings): Uint8Array<ArrayBuffer> {
  const sections = sectionsOf(bytes);
  const exports = exportSection(bytes, sections, ceilings);
  const out: Uint8Array[] = [bytes.subarray(0, 8)];
  let pending: Uint8Array | undefined = exports;
  for (const section of sections) {
    if (
      pending !== undefined &&
      section.id !== 0 &&
      (section.id === SECTION.export || standsBehind(section.id, SECTION.export))
    ) {
      out.push(pending);
      pending = undefined;
    }
    if (section.id === SECTION.export && exports !== undefined) continue;
    if (section.id === SECTION.memory) out.push(bounded(bytes, section, ceilings.memories));
    else if (section.id === SECTION.table) out.push(bounded(bytes, section, ceilings.tables));
    else out.push(bytes.subarray(section.start, section.end));
  }
  if (pending !== undefined) out.push(pending);
  return new Uint8Array(Buffer.concat(out));
}

function entriesOf(bytes: Uint8Array, section: Section): Entry[] {
  const isTable = section.id === SECTION.table;
  let { value: count, next: at } = readU32(bytes, section.body);
  const entries: Entry[] = [];
  for (; count > 0; count--) {
    const start = at;
    if (isTable) {
      if (bytes[at] === 0x40) throw refused('a core module has a table with an initialiser');
      at = skipReferenceType(bytes, at);
    }
    const prefix = bytes.subarray(start, at);
    const flags = bytes[at];
    if (flags !== 0 && flags !== 1)
      throw refused(`a core module has a shared or 64-bit ${isTable ? 'table' : 'memory'}`);
    const min = readU32(bytes, at + 1);
    const max = flags === 1 ? readU32(bytes, min.next) : undefined;
    entries.push({ prefix, bounds: { min: min.value, max: max?.value } });
    at = max?.next ?? min.next;
  }
  return entries;
}

function bounded(bytes: Uint8Array, section: Section, ceilings: readonly number[]): Uint8Array {
  const entries = entriesOf(bytes, section);
  const parts = entries.flatMap(({ prefix, bounds }, index) => {
    const ceiling = ceilings[index];
    if (ceiling === undefined || ceiling < bounds.min)
      throw new RangeError('a ceiling is missing or below the minimum');
    return [prefix, [1, ...encodeU32(bounds.min), ...encodeU32(Math.min(bounds.max ?? ceiling, ceiling))]];
  });
  return encodeSection(section.id, [encodeU32(entries.length), ...parts]);
}

/** Kinds of exports, as the binary format numbers them. */
const EXPORTED = { table: 1, memory: 2 } as const;

/** The export section with one more entry for each own memory and table; `undefined` where there is none to add. */
function exportSection(
  bytes: Uint8Array,
  sections: readonly Section[],
  { memories, tables }: Ceilings,
): Uint8Array | undefined {
  if (memories.length + tables.length === 0) return undefined;
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(Uint8Array.from(bytes)));
  const entriesFor = (kind: keyof typeof EXPORTED, count: number, nameOf: (index: number) => string): number[][] => {
    const imported = imports.filter((each) => each.kind === kind).length;
    return Array.from({ length: count }, (_, index) => {
      const name = new TextEncoder().encode(nameOf(index));
      return [...encodeU32(name.length), ...name, EXPORTED[kind], ...encodeU32(imported + index)];
    });
  };
  const added = [
    ...entriesFor('memory', memories.length, memoryExport),
    ...entriesFor('table', tables.length, tableExport),
  ];
  const existing = sections.find(({ id }) => id === SECTION.export);
  if (existing === undefined) return encodeSection(SECTION.export, [encodeU32(added.length), ...added]);
  const { value: count, next } = readU32(bytes, existing.body);
  return encodeSection(SECTION.export, [encodeU32(count + added.length), bytes.subarray(next, existing.end), ...added]);
}

const refused = (message: string): HostError => new HostError('ERR_COMPONENT_REFUSED', message);
