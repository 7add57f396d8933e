import type { HostImports } from '../contracts/guest-import.ts';
import { classOfResource } from './import-table.ts';
import type { WireHandles } from './wire-codec.ts';

/** A process named a handle that it was not given, or gave away, or of another resource. */
export class ForgedHandle extends Error {
  override readonly name = 'ForgedHandle';
}

/** The resources of the gates that a process holds. Numbers are never used again within a run. */
export interface HandleTable extends WireHandles {
  /** The process dropped it: the resource, by which the gate is told. */
  drop(number: number): { readonly resource: string; readonly object: object };
  readonly live: () => number;
}

interface Entry {
  readonly resource: string;
  readonly object: object;
}

/** Makes a table of the resources that these gates give. */
export function createHandleTable(imports: HostImports): HandleTable {
  const entries = new Map<number, Entry>();
  let last = 0;

  function find(number: number, remove: boolean): Entry {
    const entry = entries.get(number);
    if (entry === undefined) throw new ForgedHandle('the guest used a resource handle that it does not have');
    if (remove) entries.delete(number);
    return entry;
  }

  return Object.freeze({
    numberOf(resource: string, value: unknown): number {
      if (!isResource(imports, resource, value)) throw new TypeError(`a value is not a \`${resource}\``);
      entries.set(++last, { resource, object: value });
      return last;
    },
    valueOf(resource: string, number: number, own: boolean): object {
      const entry = find(number, own);
      if (entry.resource !== resource)
        throw new ForgedHandle('the guest used a resource handle as one of another kind');
      return entry.object;
    },
    drop: (number: number) => find(number, true),
    live: () => entries.size,
  });
}

function isResource(imports: HostImports, resource: string, value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const { iface, name } = classOfResource(resource);
  const given = imports.get(iface)?.[name];
  return typeof given === 'function' && value instanceof given;
}
