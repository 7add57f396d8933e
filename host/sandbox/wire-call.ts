import { Unsupported } from './codec.ts';
import { resourceOf } from './import-names.ts';
import type { FunctionSignature, ValueType } from './value-type.ts';
import { createWireCodec, type WireCodec, type WireHandles } from './wire-codec.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** How the calls of one function are written and read. The resource of a method is the first of its values. */
export interface WireCall {
  /** True if a declared error is part of the answer: an answer is then `{ tag: 'ok' | 'err', val }`. */
  readonly fails: boolean;
  readonly writeValues: (writer: WireWriter, values: readonly unknown[]) => void;
  readonly readValues: (reader: WireReader) => readonly unknown[];
  readonly writeAnswer: (writer: WireWriter, answer: unknown) => void;
  readonly readAnswer: (reader: WireReader) => unknown;
}

/** Makes the codec of a function of `iface`; `undefined` if its values cannot be written. */
export function createWireCall(
  iface: string,
  name: string,
  signature: FunctionSignature,
  handles: WireHandles,
): WireCall | undefined {
  try {
    return wireCall(parametersOf(iface, name, signature), signature.result, handles);
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

function parametersOf(iface: string, name: string, { self, parameters }: FunctionSignature): readonly ValueType[] {
  if (!self) return parameters;
  return [{ kind: 'borrow', resource: `${iface}#${resourceOf(name)?.resource ?? ''}` }, ...parameters];
}

function wireCall(parameters: readonly ValueType[], result: ValueType | null, handles: WireHandles): WireCall {
  const inputs = parameters.map((type) => createWireCodec(type, handles));
  const output: WireCodec | undefined = result === null ? undefined : createWireCodec(result, handles);
  return Object.freeze({
    fails: typeof result === 'object' && result !== null && result.kind === 'result',
    writeValues(writer: WireWriter, values: readonly unknown[]): void {
      for (const [index, input] of inputs.entries()) input.write(writer, values[index]);
    },
    readValues: (reader: WireReader) => inputs.map((input) => input.read(reader)),
    writeAnswer: (writer: WireWriter, answer: unknown) => output?.write(writer, answer),
    readAnswer: (reader: WireReader) => output?.read(reader),
  });
}
