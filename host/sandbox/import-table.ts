import type { Artefact } from './artefact.ts';
import { className, resourceOf, type ResourceFunction } from './import-names.ts';
import type { FunctionSignature } from './value-type.ts';
import { createWireCall, type WireCall } from './wire-call.ts';
import type { WireHandles } from './wire-codec.ts';

/** A function that a component can call, and how its calls are written. */
export interface ImportedFunction {
  readonly iface: string;
  readonly name: string;
  /** Of a resource's function. */
  readonly part: ResourceFunction | undefined;
  readonly waits: boolean;
  readonly wire: WireCall;
}

/**
 * Every function of an artefact: both ends of a channel make the same table, and calls name the place in it. One without
 * a signature leaves its place empty: it cannot be called.
 */
export function createImportTable(
  { imports }: Pick<Artefact, 'imports'>,
  handles: WireHandles,
): readonly (ImportedFunction | undefined)[] {
  return Object.entries(imports).flatMap(([iface, { functions, waits, signatures }]) =>
    functions.map((name) => {
      const signature: FunctionSignature | undefined = signatures[name];
      const wire = signature === undefined ? undefined : createWireCall(iface, name, signature, handles);
      return wire && { iface, name, part: resourceOf(name), waits: waits.includes(name), wire };
    }),
  );
}

/** The class of a resource that a type names (`interface#resource`), where the composition has it. */
export function classOfResource(resource: string): { readonly iface: string; readonly name: string } {
  const [iface = '', name = ''] = resource.split('#');
  return { iface, name: className(name) };
}
