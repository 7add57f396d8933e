import { hash } from 'node:crypto';
import { createByteReader, type ByteReader } from './byte-reader.ts';
import { PRIMITIVES, type FunctionSignature, type ValueType } from './value-type.ts';

/*
 * The types of a component's imports, read from its binary (Component Model, "Binary Format"). The text that tools
 * print of a component leaves them out, and the glue lifts whatever the component declares: without this, a guest could
 * hand a gate a list where the contract has a text. Types become digests of their structure, so that a type that uses
 * another one twice, fifty levels deep, costs fifty steps. The transpiler has validated the component before.
 */

/** Digests of function types by `interface#function`, without version. */
export type FunctionTypes = ReadonlyMap<string, string>;

/** The functions that a component imports. */
export interface ImportedFunctions {
  readonly types: FunctionTypes;
  /**
   * What functions take and give, by the same names; none for one with streams or futures. A type that is used twice is
   * one object: as text it may be far longer than the component (`isShort`).
   */
  readonly signatures: ReadonlyMap<string, FunctionSignature>;
}

/** What an index of a type space stands for. An instance type is read when its name is known: resources bear it. */
type Type =
  | ({ readonly kind: 'value' } & Value)
  | { readonly kind: 'function'; readonly digest: string; readonly signature: FunctionSignature | undefined }
  | { readonly kind: 'other'; readonly digest: string; readonly resource?: string }
  | { readonly kind: 'instance'; readonly open: (name: string) => ReadonlyMap<string, Type> };

/** A value type: without `shape` it is one that cannot cross to the host. */
interface Value {
  readonly digest: string;
  readonly shape: ValueType | undefined;
}

/** The index spaces of a component or of an instance type. */
interface Scope {
  /** In whose name resources are declared; without version. */
  readonly name: string;
  readonly types: Type[];
  readonly instances: ReadonlyMap<string, Type>[];
  readonly outer: Scope | undefined;
}

const SECTION = { instance: 5, alias: 6, type: 7, import: 10, export: 11 } as const;
const SORT = { core: 0, type: 3, instance: 5 } as const;
const NOTHING: ReadonlyMap<string, Type> = new Map();
const OPAQUE: Type = { kind: 'other', digest: 'opaque' };

interface Found {
  readonly types: Map<string, string>;
  readonly signatures: Map<string, FunctionSignature>;
}

/** Reads all functions that a component imports. Throws for anything that it does not know. */
export function importedFunctions(component: Uint8Array): ImportedFunctions {
  const found: Found = { types: new Map(), signatures: new Map() };
  const scope: Scope = { name: '', types: [], instances: [], outer: undefined };
  const file = createByteReader(component, 8);
  while (!file.atEnd()) {
    const id = file.byte();
    const section = file.take(file.u32());
    if (id === SECTION.type) repeat(section, () => scope.types.push(readType(section, scope)));
    else if (id === SECTION.alias) repeat(section, () => readAlias(section, scope));
    else if (id === SECTION.instance) repeat(section, () => readInstance(section, scope));
    else if (id === SECTION.import) repeat(section, () => readImport(section, scope, found));
    else if (id === SECTION.export) repeat(section, () => readExport(section, scope));
  }
  return found;
}

function repeat(reader: ByteReader, read: () => unknown): void {
  for (let count = reader.u32(); count > 0; count--) read();
}

const digestOf = (...parts: readonly (string | number)[]): string =>
  hash('sha256', JSON.stringify(parts), 'hex').slice(0, 24);
function typeAt(scope: Scope, index: number): Type {
  const type = scope.types[index];
  if (type === undefined) throw new RangeError('a type index is out of range');
  return type;
}

/** A primitive type, or the index of a type. */
function valueType(reader: ByteReader, scope: Scope): Value {
  const first = reader.peek();
  if (first >= 0x40 && first < 0x80) return primitiveType(reader.byte(), `p${first}`);
  const type = typeAt(scope, reader.u32());
  if (type.kind !== 'value') throw new TypeError('not a value type');
  return type;
}

const primitiveType = (code: number, digest: string): Value => ({ digest, shape: PRIMITIVES[code - 0x73] });

const optional = (reader: ByteReader, read: () => Value): Value | undefined =>
  reader.byte() === 0 ? undefined : read();
const digestOr = (type: Value | undefined): string => type?.digest ?? '-';

function repeated<T>(reader: ByteReader, read: () => T): T[] {
  const parts: T[] = [];
  repeat(reader, () => parts.push(read()));
  return parts;
}

const value = (shape: ValueType | undefined, ...parts: readonly (string | number)[]): Type => ({
  kind: 'value',
  digest: digestOf(...parts),
  shape,
});

/** The shapes of types, if all of them have one. */
function shapesOf(types: readonly Value[]): ValueType[] | undefined {
  const shapes = types.flatMap(({ shape }) => shape ?? []);
  return shapes.length === types.length ? shapes : undefined;
}

/** The same for types that may be left out: then `null` stands for them. */
function shapesOrNull(types: readonly (Value | undefined)[]): (ValueType | null)[] | undefined {
  if (shapesOf(types.filter((type) => type !== undefined)) === undefined) return undefined;
  return types.map((type) => type?.shape ?? null);
}

function readType(reader: ByteReader, scope: Scope): Type {
  const code = reader.byte();
  const one = (): Value => valueType(reader, scope);
  switch (code) {
    case 0x72: {
      const fields = repeated(reader, () => ({ name: reader.text(), type: one() }));
      const shapes = shapesOf(fields.map(({ type }) => type));
      const named = shapes?.map((shape, index) => [fields[index]?.name ?? '', shape] as const);
      const shape: ValueType | undefined = named && { kind: 'record', fields: named };
      return value(shape, code, ...fields.flatMap(({ name, type }) => [name, type.digest]));
    }
    case 0x71: {
      // each case ends with a byte that is always 0
      const cases = repeated(reader, () => ({ name: reader.text(), type: optional(reader, one), end: reader.byte() }));
      const shapes = shapesOrNull(cases.map(({ type }) => type));
      const named = shapes?.map((shape, index) => [cases[index]?.name ?? '', shape] as const);
      const shape: ValueType | undefined = named && { kind: 'variant', cases: named };
      return value(shape, code, ...cases.flatMap(({ name, type, end }) => [name, [digestOr(type), end].join()]));
    }
    case 0x70: // list
    case 0x6b: {
      const of = one();
      const kind = code === 0x70 ? 'list' : 'option';
      return value(of.shape && { kind, of: of.shape }, code, of.digest);
    }
    case 0x67: // list of a fixed length
      return value(undefined, code, one().digest, reader.u32());
    case 0x6f: {
      const types = repeated(reader, one);
      const of = shapesOf(types);
      return value(of && { kind: 'tuple', of }, code, ...types.map(({ digest }) => digest));
    }
    case 0x6e:
    case 0x6d: {
      const names = repeated(reader, () => reader.text());
      return value({ kind: code === 0x6e ? 'flags' : 'enum', names }, code, ...names);
    }
    case 0x6a: {
      const [ok, err] = [optional(reader, one), optional(reader, one)];
      const [good = null, bad = null] = shapesOrNull([ok, err]) ?? [];
      const isPlain = shapesOrNull([ok, err]) !== undefined;
      return value(isPlain ? { kind: 'result', ok: good, err: bad } : undefined, code, digestOr(ok), digestOr(err));
    }
    case 0x69:
    case 0x68: {
      const { digest, resource } = resourceType(typeAt(scope, reader.u32()));
      const kind = code === 0x69 ? 'own' : 'borrow';
      return value(resource === undefined ? undefined : { kind, resource }, code, digest);
    }
    case 0x66: // stream
    case 0x65: // future
      return value(undefined, code, digestOr(optional(reader, one)));
    case 0x40: // function
    case 0x43: // async function
      return functionType(reader, scope, code);
    case 0x42: // instance
      return readInstanceType(reader, scope);
    case 0x41: // component
      readDeclarations(reader, { name: '', types: [], instances: [], outer: scope });
      return OPAQUE;
    case 0x3f: // a resource that the component has itself: a representation, perhaps a destructor
      reader.byte();
      return {
        kind: 'other',
        digest: digestOf('own', reader.byte() === 0 ? '-' : String(reader.u32())),
      };
    default:
      // A primitive type that was given a name.
      if (code >= 0x73 && code <= 0x7f) return { kind: 'value', ...primitiveType(code, digestOf(`p${code}`)) };
      throw new TypeError(`an unknown kind of type: ${code}`);
  }
}

/** Names of parameters are left out: they are no part of what crosses. */
function functionType(reader: ByteReader, scope: Scope, code: number): Type {
  const one = (): Value => valueType(reader, scope);
  const parameters = repeated(reader, () => {
    reader.text();
    return one();
  });
  const named = reader.byte() !== 0;
  if (named && reader.byte() !== 0) throw new TypeError('a function with named results');
  const result = named ? undefined : one();
  const digests = parameters.map(({ digest }) => digest);
  const taken = shapesOf(parameters);
  const given = shapesOrNull([result]);
  const [first = null] = given ?? [];
  return {
    kind: 'function',
    digest: digestOf(code, ...digests, '->', ...(result === undefined ? [] : [result.digest])),
    signature: code === 0x40 && taken && given ? { self: false, parameters: taken, result: first } : undefined,
  };
}

function resourceType(type: Type): Extract<Type, { kind: 'other' }> {
  if (type.kind === 'other' && type !== OPAQUE) return type;
  throw new TypeError('a handle to something that is not a resource');
}

/** Notes where an instance type stands, and reads it once for every import that has it. */
function readInstanceType(reader: ByteReader, outer: Scope): Type {
  const body = reader.fork();
  skipDeclarations(reader, outer);
  const open = (name: string): ReadonlyMap<string, Type> => {
    const again = body.fork();
    return readDeclarations(again, { name, types: [], instances: [], outer });
  };
  return { kind: 'instance', open };
}

/** The end of an instance type is only found by reading it. */
function skipDeclarations(reader: ByteReader, outer: Scope): void {
  readDeclarations(reader, { name: '', types: [], instances: [], outer });
}

function readDeclarations(reader: ByteReader, scope: Scope): ReadonlyMap<string, Type> {
  const exports = new Map<string, Type>();
  repeat(reader, () => {
    const kind = reader.byte();
    if (kind === 1) scope.types.push(readType(reader, scope));
    else if (kind === 2) readAlias(reader, scope);
    else if (kind === 3) readDescription(reader, scope, readName(reader));
    else if (kind === 4) {
      const name = readName(reader);
      exports.set(name, readDescription(reader, scope, name));
    } else throw new TypeError(`an unknown declaration of an instance type: ${kind}`);
  });
  return exports;
}

/** The name of an import or export: a mark, and the text. The version is left out. */
function readName(reader: ByteReader): string {
  if (reader.byte() > 1) throw new TypeError('an unknown kind of name');
  return reader.text().replace(/@.*$/s, '');
}

/**
 * What an import or an export is; types and instances take the next place in their index space. Only the component's own
 * imports are opened: instances inside of instances, opened at every level, would cost twice as much for each.
 */
function readDescription(reader: ByteReader, scope: Scope, name: string): Type {
  switch (reader.byte()) {
    case 0x01:
      return typeAt(scope, reader.u32());
    case 0x03: {
      const type: Type =
        reader.byte() === 0
          ? typeAt(scope, reader.u32())
          : { kind: 'other', digest: digestOf('resource', scope.name, name), resource: `${scope.name}#${name}` };
      scope.types.push(type);
      return type;
    }
    case 0x05: {
      const type = typeAt(scope, reader.u32());
      const isImport = scope.outer === undefined && type.kind === 'instance';
      scope.instances.push(isImport ? type.open(name) : NOTHING);
      return type;
    }
    default:
      throw new TypeError('an import or export that is neither function, type nor instance');
  }
}

function readImport(reader: ByteReader, scope: Scope, found: Found): void {
  const name = readName(reader);
  const before = scope.instances.length;
  readDescription(reader, scope, name);
  for (const [member, type] of scope.instances[before] ?? NOTHING) {
    if (type.kind !== 'function') continue;
    const full = `${name}#${member}`;
    found.types.set(full, type.digest);
    const signature = member.startsWith('[method]') ? methodOf(type.signature) : type.signature;
    if (signature !== undefined) found.signatures.set(full, signature);
  }
}

/** The handle in front is what the method is called on. */
function methodOf(signature: FunctionSignature | undefined): FunctionSignature | undefined {
  const [first] = signature?.parameters ?? [];
  if (signature === undefined || typeof first !== 'object' || first.kind !== 'borrow') return undefined;
  return { ...signature, self: true, parameters: signature.parameters.slice(1) };
}

function readAlias(reader: ByteReader, scope: Scope): void {
  const sort = reader.byte();
  if (sort === SORT.core) reader.byte();
  const target = reader.byte();
  let type: Type = OPAQUE;
  if (target === 0) {
    const instance = scope.instances[reader.u32()] ?? NOTHING;
    type = instance.get(reader.text()) ?? OPAQUE;
  } else if (target === 1) {
    reader.u32();
    reader.text();
  } else {
    type = outerType(scope, { levels: reader.u32(), index: reader.u32() }, sort);
  }
  if (sort === SORT.type) scope.types.push(type);
  else if (sort === SORT.instance) scope.instances.push(NOTHING);
}

function outerType(scope: Scope, { levels, index }: { levels: number; index: number }, sort: number): Type {
  if (sort !== SORT.type) return OPAQUE;
  let from: Scope = scope;
  for (let level = levels; level > 0; level--) {
    if (from.outer === undefined) throw new RangeError('an alias leads out of the component');
    from = from.outer;
  }
  return typeAt(from, index);
}

/** An instance that the component makes for itself: nothing of it is imported. */
function readInstance(reader: ByteReader, scope: Scope): void {
  const kind = reader.byte();
  if (kind === 0) {
    reader.u32();
    repeat(reader, () => {
      reader.text();
      readSortIndex(reader);
    });
  } else {
    repeat(reader, () => {
      readName(reader);
      readSortIndex(reader);
    });
  }
  scope.instances.push(NOTHING);
}

function readSortIndex(reader: ByteReader): { readonly sort: number; readonly index: number } {
  const sort = reader.byte();
  if (sort === SORT.core) reader.byte();
  return { sort, index: reader.u32() };
}

/** An export takes a place in the index space of its sort, too. */
function readExport(reader: ByteReader, scope: Scope): void {
  const name = readName(reader);
  const { sort, index } = readSortIndex(reader);
  const places = { types: scope.types.length, instances: scope.instances.length };
  if (reader.byte() !== 0) readDescription(reader, { ...scope, outer: scope }, name); // as declared: nothing to open
  scope.types.length = places.types;
  scope.instances.length = places.instances;
  if (sort === SORT.type) scope.types.push(typeAt(scope, index));
  else if (sort === SORT.instance) scope.instances.push(scope.instances[index] ?? NOTHING);
}
