import type { HostImports } from '../contracts/guest-import.ts';
import type { Artefact } from './artefact.ts';
import { createCallCodec, type CallCodec } from './canonical-abi.ts';
import { AbiTrap, createGuestMemory, type CanonicalOptions } from './guest-memory.ts';
import type { HostCalls } from './host-call.ts';
import { memberOf, type Crossing } from './import-object.ts';
import { camelCase, resourceOf } from './import-names.ts';
import type { FunctionSignature } from './value-type.ts';

/** What the glue asks for each import that it has made: the core function to use in its place, or that one. */
export type LowerImport = (iface: string, name: string, own: object, options: CanonicalOptions) => object;

type Core = number | bigint;

const MOST_HANDLES = 2 ** 28;

/** One import that the host lowers itself. */
interface Lowered {
  readonly name: string;
  readonly waits: boolean;
  /** Whether a declared error is part of the answer. */
  readonly fails: boolean;
  readonly codec: CallCodec;
  readonly invoke: (values: readonly unknown[], self: object | undefined) => unknown;
  readonly method: boolean;
}

/**
 * Lowers the imports whose types are plain data. The generated glue keeps books on tasks for every call, which costs
 * more than many a gate; and an import that need not wait for its answer gives the guest its stack back at once.
 */
export function createLowering(artefact: Artefact, imports: HostImports, { calls, values }: Crossing): LowerImport {
  return (versioned, called, own, options) => {
    const iface = versioned.replace(/@.*$/, '');
    const wanted = artefact.imports[iface];
    const signature = wanted?.signatures[called];
    if (wanted === undefined || signature === undefined || isOfClass(called)) return own;
    const codec = createCallCodec(signature);
    if (codec === undefined || (signature.self && options.self === undefined)) return own;
    const waits = wanted.waits.includes(called);
    const invoke = signature.self
      ? methodOf(called, (guard) => values.resource(guard))
      : functionOf(imports, iface, called);
    const lowered = {
      name: `${iface}#${called}`,
      waits,
      fails: isResult(signature),
      codec,
      invoke,
      method: signature.self,
    };
    const answer = answerer(lowered, options, calls);
    return waits ? new WebAssembly.Suspending(answer) : answer;
  };
}

function functionOf(imports: HostImports, iface: string, called: string): Lowered['invoke'] {
  const target = memberOf(imports, iface, camelCase(called));
  const owner = imports.get(iface);
  return (values) => Reflect.apply(target, owner, values);
}

function methodOf(called: string, resourceOfGuard: (guard: object) => object): Lowered['invoke'] {
  const key = camelCase(resourceOf(called)?.name ?? '');
  return (values, guard) => {
    const resource = resourceOfGuard(guard ?? {}); // for a bare object there is none: the run ends
    const method: unknown = Reflect.get(resource, key);
    if (typeof method !== 'function') throw new TypeError(`the resource has no \`${key}\``);
    return Reflect.apply(method as (...given: unknown[]) => unknown, resource, values); // `typeof` says that it is one
  };
}

/** Constructors and static functions are the class's own. */
const isOfClass = (called: string): boolean => {
  const kind = resourceOf(called)?.kind;
  return kind === 'constructor' || kind === 'static';
};

const isResult = ({ result }: FunctionSignature): boolean =>
  typeof result === 'object' && result !== null && result.kind === 'result';

function answerer(lowered: Lowered, options: CanonicalOptions, calls: HostCalls): (...core: Core[]) => unknown {
  const { name, waits, fails, codec, invoke, method } = lowered;
  const memory = createGuestMemory(options, {
    charge: (bytes) => calls.charge(name, bytes),
    hold: (bytes) => calls.hold(name, bytes),
  });

  function lift(core: readonly Core[]): readonly unknown[] {
    memory.begin();
    const values = orTrap(() => codec.lift(memory, core));
    calls.carried('bytesOut', memory.touched());
    return values;
  }

  function lower(core: readonly Core[], value: unknown): Core | undefined {
    memory.begin();
    const result = orTrap(() => codec.lower(memory, core, value));
    calls.carried('bytesIn', memory.touched());
    calls.back();
    return result;
  }

  function orTrap<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (calls.isOver()) throw error;
      if (error instanceof TypeError) return calls.fault(`\`${name}\`: ${error.message}`);
      // Everything else is of the guest's making: a rule of the ABI that it broke, a handle that it does not have, or what
      // its allocator threw. It is a trap, whatever it is: a guest that could catch it would go on in the middle of a call.
      return calls.broken(error);
    }
  }

  /** The glue looks for a handle at twice its number: beyond this bound the product would be that of another handle. */
  function behind(handle: number): object | undefined {
    if (handle >= MOST_HANDLES) throw new AbiTrap('the guest used a resource handle that it does not have');
    return options.self?.(handle);
  }

  const succeed = (core: readonly Core[], value: unknown): Core | undefined =>
    lower(core, fails ? { tag: 'ok', val: value } : value);

  function fail(core: readonly Core[], error: unknown): Core | undefined {
    const payload = calls.payloadOf(name, error);
    if (!fails) return calls.fault(`\`${name}\` has no declared error`);
    return lower(core, { tag: 'err', val: payload });
  }

  async function later(core: readonly Core[], pending: Promise<unknown>): Promise<unknown> {
    let answered: { readonly value: unknown } | { readonly error: unknown };
    try {
      answered = { value: await pending };
    } catch (error) {
      answered = { error };
    }
    try {
      if (calls.isOver()) return await calls.park();
      return 'value' in answered ? succeed(core, answered.value) : fail(core, answered.error);
    } catch (error) {
      if (calls.isOver()) return calls.park();
      throw error;
    }
  }

  return (...core) => {
    calls.enter(name);
    if (options.flags()?.value !== 1) calls.broken(new AbiTrap('the instance must not be left now'));
    const lifted = lift(core);
    const self = method ? orTrap(() => behind(lifted[0] as number)) : undefined; // a method begins with its handle
    let value: unknown;
    try {
      value = invoke(method ? lifted.slice(1) : lifted, self);
    } catch (error) {
      return fail(core, error);
    }
    if (!(value instanceof Promise)) return succeed(core, value);
    if (waits) return later(core, value);
    value.catch(() => undefined); // it is not waited for
    return calls.fault(`\`${name}\` answers later, but is declared to answer at once`);
  };
}
