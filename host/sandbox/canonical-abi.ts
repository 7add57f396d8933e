import { enumOf, optionOf, variantOf } from './case-codec.ts';
import { toI32, Unsupported, type Codec, type CoreValue } from './codec.ts';
import type { GuestMemory } from './guest-memory.ts';
import { camelCase } from './import-names.ts';
import { numberCodec } from './number-codec.ts';
import { BYTES, listOf, recordOf, STRING, tupleOf } from './sequence-codec.ts';
import type { FunctionSignature, ValueType } from './value-type.ts';

/*
 * The canonical ABI (Component Model, "Canonical ABI Explainer") for imports whose types are plain data: guest to host
 * by lifting, host to guest by lowering. In JavaScript a value looks as the generated glue makes it: records have
 * camelCase members, an option is its value or `undefined`, a variant is `{ tag, val }`, an enum its name, a list of u8
 * a `Uint8Array`, 64-bit integers are `bigint`.
 */

/** Lifts the arguments of a call and lowers its answer. The handle of a method is its first argument, a number. */
export interface CallCodec {
  /** True if the last core argument says where the answer goes. */
  readonly byPointer: boolean;
  readonly lift: (memory: GuestMemory, core: readonly CoreValue[]) => readonly unknown[];
  /** Returns the core result, if there is one. `core` are the arguments of the call. */
  readonly lower: (memory: GuestMemory, core: readonly CoreValue[], value: unknown) => CoreValue | undefined;
}

/** The most core parameters and results of a function; beyond them everything goes through memory. */
const MAX_FLAT_PARAMETERS = 16;
const MAX_FLAT_RESULTS = 1;

/** Makes the codec of a function; `undefined` if it is one for the glue. */
export function createCallCodec(signature: FunctionSignature): CallCodec | undefined {
  try {
    return callCodec(signature);
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

function callCodec({ self, parameters, result }: FunctionSignature): CallCodec {
  const inputs = [...(self ? [numberCodec('u32')] : []), ...parameters.map(codecOf)];
  const together = tupleOf(inputs);
  const output = result === null ? undefined : codecOf(result);
  const byPointer = output !== undefined && output.flat.length > MAX_FLAT_RESULTS;
  const single = output?.lower;
  if (output !== undefined && !byPointer && single === undefined) throw new Unsupported();

  const starts: number[] = [];
  let places = 0;
  for (const { flat } of inputs) {
    starts.push(places);
    places += flat.length;
  }
  const inMemory = places > MAX_FLAT_PARAMETERS;
  const resultPlace = inMemory ? 1 : places;

  return Object.freeze({
    byPointer,
    lift(memory: GuestMemory, core: readonly CoreValue[]): readonly unknown[] {
      if (inMemory) {
        const at = memory.range(toI32(core[0]), together.size, together.align);
        return together.load(memory, at) as readonly unknown[]; // a tuple is an array
      }
      return inputs.map((input, index) => input.lift(memory, core, starts[index] ?? 0));
    },
    lower(memory: GuestMemory, core: readonly CoreValue[], value: unknown): CoreValue | undefined {
      if (output === undefined) return undefined;
      if (!byPointer) return single?.(value);
      output.store(memory, memory.range(toI32(core[resultPlace]), output.size, output.align), value);
      return undefined;
    },
  });
}

function codecOf(type: ValueType): Codec {
  if (typeof type === 'string') return type === 'string' ? STRING : numberCodec(type);
  switch (type.kind) {
    case 'list':
      return type.of === 'u8' ? BYTES : listOf(codecOf(type.of));
    case 'option':
      // Without a tag, an option in an option could not be told from its absence.
      if (typeof type.of === 'object' && type.of.kind === 'option') throw new Unsupported();
      return optionOf(codecOf(type.of));
    case 'tuple':
      return tupleOf(type.of.map(codecOf));
    case 'record':
      return recordOf(type.fields.map(([name, field]) => [camelCase(name), codecOf(field)]));
    case 'enum':
      return enumOf(type.names);
    case 'flags':
    case 'own':
    case 'borrow':
      throw new Unsupported();
    case 'variant':
      return variantOf(type.cases.map(([name, of]) => [name, of === null ? undefined : codecOf(of)]));
    case 'result':
      return variantOf([
        ['ok', type.ok === null ? undefined : codecOf(type.ok)],
        ['err', type.err === null ? undefined : codecOf(type.err)],
      ]);
  }
}
