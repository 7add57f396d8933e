import { throwWit, type ResourceClass } from '../contracts/guest-import.ts';
import { createSlots } from './slots.ts';

/** The most that one set of fields may hold, names and values together. */
const MAX_BYTES = 65_536;
const MAX_FIELDS = 256;

/** A field name (RFC 9110, section 5.1), and the octets that a value must not have (section 5.5). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FORBIDDEN_OCTETS: ReadonlySet<number> = new Set([0, 10, 13]);

type Entry = readonly [name: string, value: Uint8Array];
type HeaderError = { readonly tag: 'invalid-syntax' } | { readonly tag: 'forbidden' } | { readonly tag: 'immutable' };

interface FieldsState {
  entries: readonly Entry[];
  readonly immutable: boolean;
}

/** Makes and takes `fields` for the other resources of `wasi:http/types`. */
export interface HttpFields {
  readonly Fields: ResourceClass;
  /** Takes fields that a guest hands over. */
  take(fields: object): readonly Entry[];
  /** New fields that the guest may read only. */
  show(entries: readonly Entry[]): object;
}

const fail = (tag: HeaderError['tag']): never => throwWit({ tag } satisfies HeaderError);
const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** Entries within the limits. */
function bounded(entries: readonly Entry[]): readonly Entry[] {
  const bytes = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return entries.length > MAX_FIELDS || bytes > MAX_BYTES ? fail('forbidden') : entries;
}

const without = (entries: readonly Entry[], name: string): readonly Entry[] =>
  entries.filter(([other]) => !same(name, other));

/** The resource `fields` of `wasi:http/types`, in memory and bounded. `isForbidden` names fields that no guest may set. */
export function createHttpFields(isForbidden: (name: string) => boolean, trap: (message: string) => never): HttpFields {
  const slots = createSlots<FieldsState>(trap);

  function checkName(name: string): void {
    if (!TOKEN.test(name)) fail('invalid-syntax');
    if (isForbidden(name)) fail('forbidden');
  }
  function checkEntry(name: string, value: Uint8Array): Entry {
    checkName(name);
    if (value.some((octet) => FORBIDDEN_OCTETS.has(octet))) fail('invalid-syntax');
    return [name, value];
  }

  function changeable(fields: object): FieldsState {
    const state = slots.of(fields);
    return state.immutable ? fail('immutable') : state;
  }

  const make = (entries: readonly Entry[], immutable: boolean): Fields => {
    const fields = new Fields();
    slots.release(fields);
    return slots.hold(fields, { entries, immutable });
  };

  class Fields {
    constructor() {
      slots.hold(this, { entries: [], immutable: false });
    }
    static fromList(entries: readonly Entry[]): Fields {
      return make(bounded(entries.map(([name, value]) => checkEntry(name, value))), false);
    }
    get(name: string): Uint8Array[] {
      return slots.of(this).entries.flatMap(([other, value]) => (same(name, other) ? [value] : []));
    }
    has(name: string): boolean {
      return slots.of(this).entries.some(([other]) => same(name, other));
    }
    set(name: string, values: readonly Uint8Array[]): void {
      const state = changeable(this);
      checkName(name);
      state.entries = bounded([...without(state.entries, name), ...values.map((value) => checkEntry(name, value))]);
    }
    delete(name: string): void {
      const state = changeable(this);
      checkName(name);
      state.entries = without(state.entries, name);
    }
    append(name: string, value: Uint8Array): void {
      const state = changeable(this);
      state.entries = bounded([...state.entries, checkEntry(name, value)]);
    }
    entries(): Entry[] {
      return [...slots.of(this).entries];
    }
    clone(): Fields {
      return make(slots.of(this).entries, false);
    }
    [Symbol.dispose](): void {
      slots.release(this);
    }
  }

  return Object.freeze({
    Fields,
    take(fields: object): readonly Entry[] {
      const { entries } = slots.of(fields);
      slots.release(fields);
      return entries;
    },
    show: (entries: readonly Entry[]) => make(entries, true),
  });
}
