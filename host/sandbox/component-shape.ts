import { HostError } from '../contracts/errors.ts';
import { createByteReader, type ByteReader } from './byte-reader.ts';
import { vetExternName } from './extern-names.ts';
import { isSection, standsBehind } from './wasm-binary.ts';

/*
 * The outside of a component, read before any tool sees the bytes: sections, how many things they declare, how deep
 * they are nested, and the names at their border. It follows the framing of the binary format only (component layer
 * 0x0d/0x01, core layer 0x01/0x00): whether what stands in the sections is valid, the tools say later. The work is
 * bounded by `SHAPE_LIMITS`, whatever the bytes claim, so it needs no process of its own.
 */

/**
 * The most of everything. The number behind each is the most that a component of the known toolchains has (Rust,
 * QuickJS, StarlingMonkey, Python) or a large program (clang): there is room of four times at least. What is above them
 * costs the tools time and memory out of proportion to its size, or stack.
 */
export const SHAPE_LIMITS = {
  sections: { most: 20_000, what: 'sections' }, // 843
  depth: { most: 16, what: 'levels of nested components' }, // 4; each costs the tools a part of their stack
  modules: { most: 256, what: 'core modules' }, // 14
  components: { most: 256, what: 'nested components' }, // 23
  instances: { most: 2_000, what: 'instances' }, // 78
  aliases: { most: 50_000, what: 'aliases' }, // 1,402
  types: { most: 10_000, what: 'types' }, // 293
  canonicals: { most: 10_000, what: 'functions at its border' }, // 154
  imports: { most: 1_000, what: 'imports' }, // 130, those of nested components with them
  exports: { most: 1_000, what: 'exports' }, // 84
  coreFunctions: { most: 500_000, what: 'core functions' }, // 54,322
  coreImports: { most: 100_000, what: 'imports of core modules' }, // 2,312
  coreExports: { most: 100_000, what: 'exports of core modules' }, // 4,216
} as const;

type Counted = keyof typeof SHAPE_LIMITS;

/** How much of everything a file has, over all its layers. */
export type ComponentShape = Readonly<Record<Counted, number>>;
type Counts = Record<Counted, number>;

const COMPONENT_LAYER = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const MODULE_LAYER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const CUSTOM = 0;
/** Sections of a component (Component Model, "Binary Format") that are not lists, and those whose names are read. */
const PART = { module: 1, component: 4, import: 10, export: 11 } as const;
/** What the entries of a list are. Start functions (9) and values (12) are no part of the format in use. */
const LISTS: ReadonlyMap<number, Counted> = new Map([
  [2, 'instances'],
  [3, 'types'],
  [5, 'instances'],
  [6, 'aliases'],
  [7, 'types'],
  [8, 'canonicals'],
  [PART.import, 'imports'],
  [PART.export, 'exports'],
]);
/** The lists of a core module that are counted. */
const CORE_LISTS: ReadonlyMap<number, Counted> = new Map([
  [2, 'coreImports'],
  [3, 'coreFunctions'],
  [7, 'coreExports'],
]);
/** Sections of a core module that hold one number: the start function, and how many data segments there are. */
const CORE_NUMBERS: ReadonlySet<number> = new Set([8, 12]);

/** Reads the outside of a component or core module. Throws `HostError` for what is malformed, and for too much. */
export function readShape(bytes: Uint8Array): ComponentShape {
  const counts = noCounts();
  const file = createByteReader(bytes);
  try {
    if (bytes[4] === MODULE_LAYER[4]) readModule(file, counts);
    else readComponent(file, counts, 1);
  } catch (error) {
    throw error instanceof RangeError || error instanceof TypeError ? malformed(error.message) : error;
  }
  return counts;
}

const noCounts = (): Counts => ({
  sections: 0,
  depth: 0,
  modules: 0,
  components: 0,
  instances: 0,
  aliases: 0,
  types: 0,
  canonicals: 0,
  imports: 0,
  exports: 0,
  coreFunctions: 0,
  coreImports: 0,
  coreExports: 0,
});

function readComponent(file: ByteReader, counts: Counts, depth: number): void {
  startsAs(file, COMPONENT_LAYER, 'a nested component');
  if (depth > counts.depth) add(counts, 'depth', 1);
  while (!file.atEnd()) {
    const id = file.byte();
    const section = nextSection(file, counts);
    const list = LISTS.get(id);
    if (id === CUSTOM) section.text();
    else if (id === PART.module) {
      add(counts, 'modules', 1);
      readModule(section, counts);
    } else if (id === PART.component) {
      add(counts, 'components', 1);
      readComponent(section, counts, depth + 1);
    } else if (list === undefined) throw malformed(`it has a section of the unknown kind ${id}`);
    else {
      const entries = addList(section, counts, list);
      if (id === PART.import || id === PART.export) readExterns(section, entries, id === PART.export);
    }
  }
}

function readModule(file: ByteReader, counts: Counts): void {
  startsAs(file, MODULE_LAYER, 'a core module');
  let last: number | undefined;
  while (!file.atEnd()) {
    const id = file.byte();
    const section = nextSection(file, counts);
    if (id === CUSTOM) {
      section.text();
      continue;
    }
    if (!isSection(id)) throw malformed(`a core module has a section of the unknown kind ${id}`);
    if (last !== undefined && !standsBehind(id, last)) {
      throw malformed(`a core module has section ${id} ${id === last ? 'twice' : `behind section ${last}`}`);
    }
    last = id;
    if (!CORE_NUMBERS.has(id)) addList(section, counts, CORE_LISTS.get(id));
  }
}

function startsAs(file: ByteReader, layer: readonly number[], what: string): void {
  if (!layer.every((byte) => file.byte() === byte)) throw malformed(`${what} does not begin like one`);
}

function nextSection(file: ByteReader, counts: Counts): ByteReader {
  add(counts, 'sections', 1);
  const length = file.u32();
  if (length > file.left()) {
    throw malformed(`a section claims ${length} bytes where ${file.left()} are left`);
  }
  return file.take(length);
}

/** Reads how long a list is. Every entry of it takes a byte at least. */
function addList(section: ByteReader, counts: Counts, counted: Counted | undefined): number {
  const entries = section.u32();
  if (entries > section.left()) throw malformed(`a list claims ${entries} entries in ${section.left()} bytes`);
  if (counted !== undefined) add(counts, counted, entries);
  return entries;
}

/** The names of imports and exports; what they are is skipped. */
function readExterns(section: ByteReader, entries: number, exported: boolean): void {
  for (let entry = 0; entry < entries; entry++) {
    if (section.byte() > 1) throw malformed('a name at its border is of an unknown kind');
    vetExternName(section.text());
    if (exported) {
      if (section.byte() === 0) section.byte(); // a sort of the core layer
      section.u32();
    }
    if (!exported || section.byte() === 1) skipDescription(section);
  }
  if (!section.atEnd()) throw malformed('a list ends before its section');
}

/** What an import or export is: an index, or the bound of a type or value. */
function skipDescription(section: ByteReader): void {
  const sort = section.byte();
  switch (sort) {
    case 0x00:
      section.byte();
      section.u32();
      return;
    case 0x02:
    case 0x03:
      if (section.byte() === 0 || sort === 0x02) section.u32();
      return;
    case 0x01:
    case 0x04:
    case 0x05:
      section.u32();
      return;
    default:
      throw malformed('something at its border is of an unknown kind');
  }
}

function add(counts: Counts, counted: Counted, more: number): void {
  counts[counted] += more;
  const { most, what } = SHAPE_LIMITS[counted];
  if (counts[counted] <= most) return;
  throw new HostError(
    'ERR_PREPARE_LIMIT',
    `the component has ${counts[counted]} ${what} or more; the limit is ${most}`,
  );
}

const malformed = (what: string): HostError =>
  new HostError('ERR_COMPONENT_INVALID', `the file is not a valid component: ${what}`);
