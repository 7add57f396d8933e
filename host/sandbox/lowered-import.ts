import type { HostImports } from '../contracts/guest-import.ts';
import type { Artefact } from './artefact.ts';
import { createCallCodec, type CallCodec } from './canonical-abi.ts';
import { AbiTrap, createGuestMemory, type CanonicalOptions } from './guest-memory.ts';
import type { HostCalls } from './host-call.ts';
import { memberOf } from './import-object.ts';
import { camelCase } from './import-names.ts';
import type { FunctionSignature } from './value-type.ts';

/** What the glue asks for each import that it has made: the core function to use in its place, or that one. */
export type LowerImport = (iface: string, name: string, own: object, options: CanonicalOptions) => object;

type Core = number | bigint;

/** One import that the host lowers itself. */
interface Lowered {
  readonly name: string;
  readonly waits: boolean;
  /** Whether a declared error is part of the answer. */
  readonly fails: boolean;
  readonly codec: CallCodec;
  readonly invoke: (values: readonly unknown[]) => unknown;
}

/**
 * Lowers the imports whose types are plain data. The generated glue keeps books on tasks for every call, which costs
 * more than many a gate; and an import that need not wait for its answer gives the guest its stack back at once.
 */
export function createLowering(artefact: Artefact, imports: HostImports, calls: HostCalls): LowerImport {
  return (versioned, called, own, options) => {
    const iface = versioned.replace(/@.*$/, '');
    const wanted = artefact.imports[iface];
    const signature = wanted?.signatures[called];
    const codec = signature && createCallCodec(signature);
    if (wanted === undefined || signature === undefined || codec === undefined) return own;
    const target = memberOf(imports, iface, camelCase(called));
    const owner = imports.get(iface);
    const waits = wanted.waits.includes(called);
    const fails = isResult(signature);
    const invoke = (values: readonly unknown[]): unknown => Reflect.apply(target, owner, values);
    const answer = answerer({ name: `${iface}#${called}`, waits, fails, codec, invoke }, options, calls);
    return waits ? new WebAssembly.Suspending(answer) : answer;
  };
}

const isResult = ({ result }: FunctionSignature): boolean =>
  typeof result === 'object' && result !== null && result.kind === 'result';

function answerer(lowered: Lowered, options: CanonicalOptions, calls: HostCalls): (...core: Core[]) => unknown {
  const { name, waits, fails, codec, invoke } = lowered;
  const memory = createGuestMemory(options, (bytes) => calls.charge(name, bytes));

  function lift(core: readonly Core[]): readonly unknown[] {
    memory.begin();
    return orTrap(() => codec.lift(memory, core));
  }

  function lower(core: readonly Core[], value: unknown): Core | undefined {
    memory.begin();
    return orTrap(() => codec.lower(memory, core, value));
  }

  function orTrap<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof AbiTrap || error instanceof WebAssembly.RuntimeError) return calls.trap(error.message);
      if (error instanceof TypeError) return calls.fault(`\`${name}\`: ${error.message}`);
      throw error;
    }
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
    if (options.flags()?.value !== 1) calls.trap('the instance must not be left now');
    const values = lift(core);
    let value: unknown;
    try {
      value = invoke(values);
    } catch (error) {
      return fail(core, error);
    }
    if (!(value instanceof Promise)) return succeed(core, value);
    if (waits) return later(core, value);
    value.catch(() => undefined); // it is not waited for
    return calls.fault(`\`${name}\` answers later, but is declared to answer at once`);
  };
}
