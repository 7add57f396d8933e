import type { ResourceClass } from '../contracts/guest-import.ts';

/**
 * Values between glue and gates. The guest's side sees guards in place of a gate's resources, so that the calls of
 * methods pass the same point as all others.
 */
export interface GuestValues {
  /** Host to guest: replaces resources by their guards. */
  outward(value: unknown, size: SizeCount): unknown;
  /** Guest to host: replaces guards by the resources behind them. */
  inward(value: unknown, size: SizeCount): unknown;
  /** Makes the resource behind a guard known. */
  bind(guard: object, resource: object): void;
  /** The guest dropped the handle of a guard. */
  release(guard: object): void;
  /** The resource behind a guard. */
  resource(guard: object): object;
}

/** Adds up what crosses. An approximation of the size in linear memory, cheap to take. */
export interface SizeCount {
  bytes: number;
}

/** Bytes charged for a value besides the contents of strings and lists. */
const VALUE_BYTES = 8;

export interface GuestValueOptions {
  /** The guard class for the prototype of a resource class. */
  readonly guardOf: ReadonlyMap<object, ResourceClass>;
  /** Ends the run: for a handle that it does not know the glue makes up a bare object. */
  readonly onForged: () => never;
  /** Told how many handles the guest has, each time that it gets one more. */
  readonly onHandles: (live: number) => void;
  /**
   * Whether handles of a guard class count. Those of a kind that the guest may hand back to the host do not: nothing
   * here tells a handle that is lent from one that is given away.
   */
  readonly counts: (guardClass: ResourceClass) => boolean;
}

export function createGuestValues({ guardOf, onForged, onHandles, counts }: GuestValueOptions): GuestValues {
  const guards = new WeakMap<object, object>();
  const guardPrototypes = new Set([...guardOf.values()].map((guardClass): unknown => guardClass.prototype));
  const resources = new WeakMap<object, object>();

  const counted = new Set([...guardOf.values()].filter(counts).map((guardClass): unknown => guardClass.prototype));
  const held = new WeakSet<object>();
  let live = 0;

  function bind(guard: object, resource: object): void {
    resources.set(guard, resource);
    guards.set(resource, guard);
    hold(guard);
  }

  function hold(guard: object): void {
    if (held.has(guard) || !counted.has(prototypeOf(guard))) return;
    held.add(guard);
    onHandles(++live);
  }

  /** The resource behind a guard; `undefined` for a plain value. */
  function resourceBehind(value: object): object | undefined {
    const resource = resources.get(value);
    return resource === undefined && guardPrototypes.has(prototypeOf(value)) ? onForged() : resource;
  }

  /** The guard of a resource, the same one each time; `undefined` for a plain value. */
  function guardFor(value: object): object | undefined {
    const known = guards.get(value);
    if (known !== undefined) {
      hold(known);
      return known;
    }
    for (let prototype = prototypeOf(value); prototype !== null; prototype = prototypeOf(prototype)) {
      if (prototype === Object.prototype) return undefined;
      const guardClass = guardOf.get(prototype);
      if (guardClass === undefined) continue;
      const guard = Object.create(guardClass.prototype as object) as object; // a class's prototype is an object
      bind(guard, value);
      return guard;
    }
    return undefined;
  }

  function map(value: unknown, size: SizeCount, replace: (value: object) => object | undefined): unknown {
    size.bytes += VALUE_BYTES;
    if (typeof value === 'string') {
      size.bytes += value.length;
      return value;
    }
    if (typeof value !== 'object' || value === null) return value;
    if (ArrayBuffer.isView(value)) {
      size.bytes += value.byteLength;
      return value;
    }
    if (Array.isArray(value)) return mapArray(value, size, replace);
    return replace(value) ?? mapRecord(value, size, replace);
  }

  function mapArray(
    values: readonly unknown[],
    size: SizeCount,
    replace: (value: object) => object | undefined,
  ): unknown {
    let copy: unknown[] | undefined;
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      const mapped = map(value, size, replace);
      if (mapped !== value) (copy ??= [...values])[index] = mapped;
    }
    return copy ?? values;
  }

  function mapRecord(record: object, size: SizeCount, replace: (value: object) => object | undefined): unknown {
    let copy: Record<string, unknown> | undefined;
    for (const [key, value] of Object.entries(record)) {
      const mapped = map(value, size, replace);
      // Field names come from the types of the interface, not from the guest.
      if (mapped !== value)
        (copy ??= Object.assign(Object.create(null) as Record<string, unknown>, record))[key] = mapped;
    }
    return copy ?? record;
  }

  return Object.freeze({
    bind,
    release(guard: object): void {
      if (held.delete(guard)) live--;
    },
    resource: (guard: object) => resources.get(guard) ?? onForged(),
    outward: (value: unknown, size: SizeCount) => map(value, size, guardFor),
    inward: (value: unknown, size: SizeCount) => map(value, size, resourceBehind),
  });
}

const prototypeOf = (value: object): object | null => Object.getPrototypeOf(value) as object | null; // its declared type is `any`
