/** How a gate offers an interface to an instance, in the conventions of the generated glue (jco). */

/**
 * A function as the glue calls it: arguments lifted from the guest, a value to be lowered back, or a promise of one.
 * The only thing that it may throw is `{ payload: error }` with an error of the declared WIT type.
 */
export type HostFunction = (...values: never[]) => unknown;

/** A resource class: its prototype carries the methods. */
export type ResourceClass = abstract new (...values: never[]) => object;

/** One interface, by camel-case name: functions and resource classes. */
export type HostInterface = Readonly<Record<string, HostFunction | ResourceClass>>;

/** Interfaces by unversioned name (`sallyport:agent/http`): the glue reads unversioned keys. */
export type HostImports = ReadonlyMap<string, HostInterface>;

/** The error that leaves an import as the WIT error `E`. */
export interface WitThrow<E> {
  readonly payload: E;
}

/** Throws a WIT error in the way the glue expects. */
export function throwWit(error: unknown): never {
  throw { payload: error } satisfies WitThrow<unknown>;
}

/** An interface that nobody can change or reach past: no prototype (`constructor` is not an import), frozen throughout. */
export function sealInterface(members: HostInterface): HostInterface {
  for (const member of Object.values(members)) {
    if (typeof member.prototype === 'object') Object.freeze(member.prototype);
    Object.freeze(member);
  }
  // `assign` onto a null prototype keeps the members' type; only the prototype differs.
  return Object.freeze(Object.assign(Object.create(null) as object, members));
}
