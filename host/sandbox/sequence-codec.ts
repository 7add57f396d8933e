import { toI32, Unsupported, upTo, type Codec, type CoreType } from './codec.ts';
import { AbiTrap, type GuestMemory } from './guest-memory.ts';

/* Texts and lists: a pointer and a length. Tuples and records: one value behind the other. */

/** Strict, and with its byte order mark: a text arrives as it was sent. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function pair(read: (memory: GuestMemory, at: number, length: number) => unknown, write: Codec['store']): Codec {
  return {
    ...{ size: 8, align: 4, flat: ['i32', 'i32'], store: write },
    load(memory, at) {
      const view = memory.view();
      return read(memory, view.getUint32(at, true), view.getUint32(at + 4, true));
    },
    lift: (memory, core, from) => read(memory, toI32(core[from]), toI32(core[from + 1]) >>> 0),
  };
}

function storePair(memory: GuestMemory, at: number, start: number, length: number): void {
  const view = memory.view();
  view.setUint32(at, start, true);
  view.setUint32(at + 4, length, true);
}

export const STRING: Codec = pair(
  (memory, at, length) => {
    if (length === 0) return '';
    const start = memory.range(at, length, 1);
    try {
      return decoder.decode(memory.bytes().subarray(start, start + length));
    } catch {
      throw new AbiTrap('a text is not UTF-8');
    }
  },
  (memory, at, value) => {
    const text = value as string; // what the gate gives has the type of its WIT
    const length = Buffer.byteLength(text);
    const start = memory.allocate(length, 1);
    memory.bytes().write(text, start, length, 'utf8'); // a lone surrogate becomes U+FFFD, as the ABI wants it
    storePair(memory, at, start, length);
  },
);

/** An array of bytes is an object with a buffer of its own, however few they are: it costs as much as some items. */
export const heldForBytes = (memory: GuestMemory): void => memory.hold(4);

export const BYTES: Codec = pair(
  (memory, at, length) => {
    heldForBytes(memory);
    const start = memory.range(at, length, 1);
    return new Uint8Array(memory.bytes().subarray(start, start + length)); // a copy: the guest's memory moves on
  },
  (memory, at, value) => {
    const bytes = value as Uint8Array; // as above
    const start = memory.allocate(bytes.length, 1);
    memory.bytes().set(bytes, start);
    storePair(memory, at, start, bytes.length);
  },
);

export function listOf(item: Codec): Codec {
  if (item.size === 0) throw new Unsupported();
  return pair(
    (memory, at, length) => {
      const start = memory.range(at, length * item.size, item.align);
      memory.hold(length);
      const items: unknown[] = [];
      for (let index = 0; index < length; index++) items.push(item.load(memory, start + index * item.size));
      return items;
    },
    (memory, at, value) => {
      const items = value as readonly unknown[]; // as above
      const start = memory.allocate(items.length * item.size, item.align);
      for (let index = 0; index < items.length; index++) item.store(memory, start + index * item.size, items[index]);
      storePair(memory, at, start, items.length);
    },
  );
}

interface Place {
  readonly codec: Codec;
  readonly at: number;
  readonly from: number;
}

function placesOf(codecs: readonly Codec[]): { places: Place[]; size: number; align: number; flat: CoreType[] } {
  const places: Place[] = [];
  const flat: CoreType[] = [];
  let [at, align] = [0, 1];
  for (const codec of codecs) {
    at = upTo(at, codec.align);
    align = Math.max(align, codec.align);
    places.push({ codec, at, from: flat.length });
    flat.push(...codec.flat);
    at += codec.size;
  }
  return { places, size: upTo(at, align), align, flat };
}

export function tupleOf(codecs: readonly Codec[]): Codec {
  const { places, ...shape } = placesOf(codecs);
  return {
    ...shape,
    load: (memory, at) => places.map((place) => place.codec.load(memory, at + place.at)),
    lift: (memory, core, from) => places.map((place) => place.codec.lift(memory, core, from + place.from)),
    store(memory, at, value) {
      const items = value as readonly unknown[]; // what the gate gives has the type of its WIT
      for (const [index, place] of places.entries()) place.codec.store(memory, at + place.at, items[index]);
    },
  };
}

export function recordOf(fields: readonly (readonly [name: string, codec: Codec])[]): Codec {
  const { places, ...shape } = placesOf(fields.map(([, codec]) => codec));
  const named = fields.map(([name], index) => ({ name, place: places[index] as Place })); // one place for each field
  const collect = (read: (place: Place) => unknown): unknown => {
    const record: Record<string, unknown> = {};
    for (const { name, place } of named) record[name] = read(place);
    return record;
  };
  return {
    ...shape,
    load: (memory, at) => collect((place) => place.codec.load(memory, at + place.at)),
    lift: (memory, core, from) => collect((place) => place.codec.lift(memory, core, from + place.from)),
    store(memory, at, value) {
      const record = value as Readonly<Record<string, unknown>>; // as above
      for (const { name, place } of named) place.codec.store(memory, at + place.at, record[name]);
    },
  };
}
