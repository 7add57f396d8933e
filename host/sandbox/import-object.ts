import type { HostFunction, HostImports, HostInterface, ResourceClass } from '../contracts/guest-import.ts';
import type { Artefact, ArtefactImport } from './artefact.ts';
import type { GuestValues } from './guest-values.ts';
import { MissingImport } from './missing-import.ts';
import type { HostCalls } from './host-call.ts';
import { camelCase, className, resourceOf, type ResourceFunction } from './import-names.ts';

/** The import object of one instance: null prototypes all the way, frozen, only what the artefact imports. */
export type ImportObject = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What stands between glue and gates. They need each other, so they come after the guards. */
export interface Crossing {
  readonly calls: HostCalls;
  readonly values: GuestValues;
}

/** The guard classes of all resources: the glue sees them in place of the gates' own. */
export interface Guards {
  /** By the prototype of the gate's class. */
  readonly byPrototype: ReadonlyMap<object, ResourceClass>;
  /** By `interface#Class`. */
  readonly byName: ReadonlyMap<string, ResourceClass>;
  /** The interface that a guard class stands for. */
  readonly interfaceOf: (guardClass: ResourceClass) => string | undefined;
}

/** Makes a guard class for every resource class that the artefact imports. `crossing` is asked when calls arrive. */
export function createGuards(artefact: Artefact, imports: HostImports, crossing: () => Crossing): Guards {
  const byPrototype = new Map<object, ResourceClass>();
  const byName = new Map<string, ResourceClass>();
  const interfaces = new Map<ResourceClass, string>();
  for (const [iface, wanted] of Object.entries(artefact.imports)) {
    for (const name of wanted.classes) {
      const original = memberOf(imports, iface, name);
      const guard = guardClass({ iface, wanted, name, original, crossing });
      byName.set(`${iface}#${name}`, guard);
      byPrototype.set(original.prototype as object, guard); // a class's prototype is an object
      interfaces.set(guard, iface);
    }
  }
  return { byPrototype, byName, interfaceOf: (guardClass) => interfaces.get(guardClass) };
}

export function createImportObject(
  artefact: Artefact,
  imports: HostImports,
  guards: Guards,
  calls: HostCalls,
): ImportObject {
  const object = bare<Readonly<Record<string, unknown>>>();
  for (const [iface, wanted] of Object.entries(artefact.imports)) {
    const members = bare<unknown>();
    for (const name of wanted.functions) {
      if (resourceOf(name) !== undefined) continue;
      const key = camelCase(name);
      const original = memberOf(imports, iface, key);
      const owner = imports.get(iface);
      const invoke = (_: object | undefined, values: readonly unknown[]): unknown =>
        Reflect.apply(original, owner, values);
      const guarded = calls.guard({ name: `${iface}#${name}`, waits: wanted.waits.includes(name), invoke });
      members[key] = (...values: unknown[]) => guarded(undefined, values);
    }
    for (const name of wanted.classes) members[name] = guards.byName.get(`${iface}#${name}`);
    object[iface] = Object.freeze(members);
  }
  return Object.freeze(object);
}

interface GuardPlan {
  readonly iface: string;
  readonly wanted: ArtefactImport;
  readonly name: string;
  readonly original: AnyFunction;
  readonly crossing: () => Crossing;
}

/** Any function or class of an interface. What it takes is the business of glue and gate. */
type AnyFunction = (...values: unknown[]) => unknown;

function guardClass(plan: GuardPlan): ResourceClass {
  const { iface, wanted, name, original, crossing } = plan;
  const own = wanted.functions
    .map((wit) => ({ wit, part: resourceOf(wit), waits: wanted.waits.includes(wit) }))
    .filter(
      (item): item is typeof item & { part: ResourceFunction } =>
        item.part !== undefined && className(item.part.resource) === name,
    );
  const maker = own.find(({ part }) => part.kind === 'constructor');

  class Guard {
    constructor(...values: unknown[]) {
      const { calls, values: guestValues } = crossing();
      if (maker === undefined) return calls.fault(`\`${iface}\` has no constructor for \`${name}\``);
      const invoke = (_: object | undefined, given: readonly unknown[]): unknown => Reflect.construct(original, given);
      calls.guard({ name: `${iface}#${maker.wit}`, waits: false, invoke: bindTo(this, invoke, guestValues) })(
        undefined,
        values,
      );
    }

    /** The guest dropped its handle. */
    [Symbol.dispose](): void {
      dispose(crossing(), this, `${iface}#${name}`);
    }
  }

  for (const { wit, part, waits } of own) {
    if (part.kind === 'constructor') continue;
    const key = camelCase(part.name);
    const isStatic = part.kind === 'static';
    const invoke = (self: object | undefined, values: readonly unknown[]): unknown => {
      const target: object = isStatic ? original : crossing().values.resource(self ?? {});
      const method: unknown = Reflect.get(target, key);
      if (typeof method !== 'function') return crossing().calls.fault(`\`${iface}\` does not give \`${wit}\``);
      return Reflect.apply(method as AnyFunction, target, values); // `typeof` says that it is one
    };
    const guarded = (self: object | undefined, values: unknown[]): unknown =>
      crossing().calls.guard({ name: `${iface}#${wit}`, waits, invoke })(self, values);
    const member = isStatic
      ? (...values: unknown[]): unknown => guarded(undefined, values)
      : function (this: object, ...values: unknown[]): unknown {
          return guarded(this, values);
        };
    Object.defineProperty(isStatic ? Guard : Guard.prototype, key, { value: member });
  }
  Object.freeze(Guard.prototype);
  return Guard;
}

/** Ties what a constructor makes to the guard that the glue is about to use. */
function bindTo(guard: object, invoke: (self: undefined, values: readonly unknown[]) => unknown, values: GuestValues) {
  return (_: object | undefined, given: readonly unknown[]): unknown => {
    values.bind(guard, invoke(undefined, given) as object); // what a constructor returns is an object
    return undefined;
  };
}

function dispose({ calls, values }: Crossing, guard: object, name: string): void {
  const resource = values.resource(guard);
  values.release(guard);
  const method: unknown = Reflect.get(resource, Symbol.dispose);
  if (typeof method !== 'function') return;
  calls.drop(name, () => Reflect.apply(method as AnyFunction, resource, [])); // `typeof` says that it is one
}

/** A member of an interface, as the composition gives it. Throws `MissingImport`. */
export function memberOf(imports: HostImports, iface: string, key: string): AnyFunction {
  const given: HostInterface | undefined = imports.get(iface);
  if (given === undefined) throw new MissingImport(`the interface \`${iface}\` is imported and not given`);
  const member: HostFunction | ResourceClass | undefined =
    Object.hasOwn(given, key) || key in given ? given[key] : undefined;
  if (typeof member !== 'function') throw new MissingImport(`\`${iface}\` does not give \`${key}\``);
  return member as unknown as AnyFunction; // glue and gate agree on the arguments; in between they are only passed on
}

const bare = <T>(): Record<string, T> => Object.create(null) as Record<string, T>; // the lack of a prototype is the point
