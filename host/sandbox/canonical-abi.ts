import { enumOf, optionOf, variantOf } from './case-codec.ts';
import { toI32, Unsupported, type Codec, type CoreValue } from './codec.ts';
import type { GuestMemory } from './guest-memory.ts';
import { camelCase } from './import-names.ts';
import { numberCodec } from './number-codec.ts';
import { flagsSize, measuredText, MEASURED_BYTES, type TextEncoding } from './measured-codec.ts';
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

/** What is made of the types that have no parts. */
interface Leaves {
  readonly text: Codec;
  readonly bytes: Codec;
  /** Handles, flags and nested options: where absent, their functions are left to the glue. */
  readonly ofGlue?: (type: Extract<ValueType, { readonly kind: 'own' | 'borrow' | 'flags' }>) => Codec;
}

const VALUES: Leaves = { text: STRING, bytes: BYTES };

/** Makes the codec of a function; `undefined` if it is one for the glue. */
export const createCallCodec = (signature: FunctionSignature): CallCodec | undefined =>
  orUndefined(() => callCodec(signature));

/** Goes through the arguments of a call as the glue is about to do, but takes nothing of what is in them. */
export type CallMeasure = (memory: GuestMemory, core: readonly CoreValue[]) => void;

/** Makes the measure of a function that is left to the glue; `undefined` if there is none. */
export function createCallMeasure(
  { self, parameters }: FunctionSignature,
  encoding: TextEncoding,
): CallMeasure | undefined {
  const leaves = {
    text: measuredText(encoding),
    bytes: MEASURED_BYTES,
    ofGlue: (
      type: { readonly kind: 'own' | 'borrow' } | { readonly kind: 'flags'; readonly names: readonly string[] },
    ) => numberCodec(type.kind === 'flags' ? flagsSize(type.names.length) : 'u32'),
  };
  return orUndefined(() => liftOf(inputsOf(self, parameters, leaves)).lift);
}

function orUndefined<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

const inputsOf = (self: boolean, parameters: readonly ValueType[], leaves: Leaves): readonly Codec[] => [
  ...(self ? [numberCodec('u32')] : []),
  ...parameters.map((type) => codecOf(type, leaves)),
];

/** Arguments: in core values, or behind a pointer where they are too many. */
function liftOf(inputs: readonly Codec[]): Pick<CallCodec, 'lift'> & { readonly resultPlace: number } {
  const together = tupleOf(inputs);
  const starts: number[] = [];
  let places = 0;
  for (const { flat } of inputs) {
    starts.push(places);
    places += flat.length;
  }
  const inMemory = places > MAX_FLAT_PARAMETERS;
  return {
    resultPlace: inMemory ? 1 : places,
    lift(memory, core) {
      if (inMemory) {
        const at = memory.range(toI32(core[0]), together.size, together.align);
        return together.load(memory, at) as readonly unknown[]; // a tuple is an array
      }
      return inputs.map((input, index) => input.lift(memory, core, starts[index] ?? 0));
    },
  };
}

function callCodec({ self, parameters, result }: FunctionSignature): CallCodec {
  const { lift, resultPlace } = liftOf(inputsOf(self, parameters, VALUES));
  const output = result === null ? undefined : codecOf(result, VALUES);
  const byPointer = output !== undefined && output.flat.length > MAX_FLAT_RESULTS;
  const single = output?.lower;
  if (output !== undefined && !byPointer && single === undefined) throw new Unsupported();

  return Object.freeze({
    byPointer,
    lift,
    lower(memory: GuestMemory, core: readonly CoreValue[], value: unknown): CoreValue | undefined {
      if (output === undefined) return undefined;
      if (!byPointer) return single?.(value);
      output.store(memory, memory.range(toI32(core[resultPlace]), output.size, output.align), value);
      return undefined;
    },
  });
}

function codecOf(type: ValueType, leaves: Leaves): Codec {
  const of = (part: ValueType): Codec => codecOf(part, leaves);
  if (typeof type === 'string') return type === 'string' ? leaves.text : numberCodec(type);
  switch (type.kind) {
    case 'list':
      return type.of === 'u8' ? leaves.bytes : listOf(of(type.of));
    case 'option':
      // Without a tag, an option in an option could not be told from its absence.
      if (typeof type.of === 'object' && type.of.kind === 'option' && leaves.ofGlue === undefined)
        throw new Unsupported();
      return optionOf(of(type.of));
    case 'tuple':
      return tupleOf(type.of.map(of));
    case 'record':
      return recordOf(type.fields.map(([name, field]) => [camelCase(name), of(field)]));
    case 'enum':
      return enumOf(type.names);
    case 'flags':
    case 'own':
    case 'borrow':
      if (leaves.ofGlue === undefined) throw new Unsupported();
      return leaves.ofGlue(type);
    case 'variant':
      return variantOf(type.cases.map(([name, payload]) => [name, payload === null ? undefined : of(payload)]));
    case 'result':
      return variantOf([
        ['ok', type.ok === null ? undefined : of(type.ok)],
        ['err', type.err === null ? undefined : of(type.err)],
      ]);
  }
}
