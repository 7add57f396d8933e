import { throwWit, type HostImports, type HostInterface, type ResourceClass } from '../contracts/guest-import.ts';
import type { Artefact } from './artefact.ts';
import { camelCase } from './import-names.ts';
import { classOfResource, createImportTable, type ImportedFunction } from './import-table.ts';
import type { WireHandles } from './wire-codec.ts';

/** How calls leave the process. */
export interface ProxyWire {
  /** Sends a call and waits for its answer. `index` is the place in the import table. */
  call(index: number, called: ImportedFunction, values: readonly unknown[]): unknown;
  drop(handle: number): void;
}

/** The handles of the broker that this process holds, by the objects that stand for them. */
interface Held {
  /** A new object for a handle. */
  wrap(resource: string, handle: number): object;
  adopt(target: object, made: unknown): void;
  /** Forgets the handle; `undefined` if the object has none (any more). */
  take(target: object): number | undefined;
}

/**
 * Stands in for the gates in the process of a guest: the same interfaces, every function of which is a message. The
 * answer is there when a function returns, so the guest never has to leave its stack.
 */
export function createProxyImports(artefact: Artefact, wire: ProxyWire): HostImports {
  const classes = new Map<string, ProxyClass>();
  const numbers = new WeakMap<object, number>();

  function classAt(iface: string, name: string): ProxyClass {
    const key = `${iface}#${name}`;
    const found = classes.get(key) ?? proxyClass(wire, held);
    classes.set(key, found);
    return found;
  }

  function take(target: object): number | undefined {
    const number = numbers.get(target);
    numbers.delete(target);
    return number;
  }

  const held: Held = {
    take,
    wrap(resource: string, handle: number): object {
      const { iface, name } = classOfResource(resource);
      const object = Object.create(classAt(iface, name).made.prototype as object) as object; // a class's prototype is an object
      numbers.set(object, handle);
      return object;
    },
    adopt(target: object, made: unknown): void {
      const number = typeof made === 'object' && made !== null ? take(made) : undefined;
      if (number === undefined) throw new TypeError('a constructor made nothing');
      numbers.set(target, number);
    },
  };

  const handles: WireHandles = {
    numberOf(_: string, value: unknown, own: boolean): number {
      const number = typeof value !== 'object' || value === null ? undefined : own ? take(value) : numbers.get(value);
      if (number === undefined) throw new TypeError('not a handle of this process');
      return number;
    },
    valueOf: (resource: string, number: number) => held.wrap(resource, number),
  };

  const interfaces = new Map<string, Record<string, HostInterface[string]>>();
  for (const [iface, { classes: wanted }] of Object.entries(artefact.imports))
    interfaces.set(iface, Object.fromEntries(wanted.map((name) => [name, classAt(iface, name).made])));
  for (const [index, called] of createImportTable(artefact, handles).entries()) {
    if (called === undefined) continue;
    const invoke = (values: readonly unknown[]): unknown => answerOf(called, wire.call(index, called, values));
    const { iface, name, part } = called;
    const members = interfaces.get(iface);
    if (part !== undefined) classAt(iface, classOfResource(`#${part.resource}`).name).add(part, invoke);
    else if (members !== undefined) members[camelCase(name)] = (...values: unknown[]) => invoke(values);
  }
  return interfaces;
}

/** The declared error of a function is thrown, as gates throw it. */
function answerOf({ wire }: ImportedFunction, answer: unknown): unknown {
  if (!wire.fails) return answer;
  const { tag, val } = answer as { readonly tag: 'ok' | 'err'; readonly val?: unknown }; // how a result is read
  return tag === 'ok' ? val : throwWit(val);
}

interface ProxyClass {
  readonly made: ResourceClass;
  add(part: NonNullable<ImportedFunction['part']>, invoke: (values: readonly unknown[]) => unknown): void;
}

function proxyClass(wire: ProxyWire, held: Held): ProxyClass {
  let construct: ((values: readonly unknown[]) => unknown) | undefined;
  class Proxied {
    constructor(...values: unknown[]) {
      if (construct === undefined) throw new TypeError('there is no constructor');
      held.adopt(this, construct(values));
    }

    [Symbol.dispose](): void {
      const number = held.take(this);
      if (number !== undefined) wire.drop(number);
    }
  }
  return {
    made: Proxied,
    add(part, invoke): void {
      const key = camelCase(part.name);
      switch (part.kind) {
        case 'constructor':
          construct = invoke;
          return;
        case 'static':
          Object.defineProperty(Proxied, key, { value: (...values: unknown[]) => invoke(values) });
          return;
        case 'method':
          Object.defineProperty(Proxied.prototype, key, {
            value(this: object, ...values: unknown[]): unknown {
              return invoke([this, ...values]);
            },
          });
      }
    },
  };
}
