import type { Artefact } from './artefact.ts';
import { createCallMeasure } from './canonical-abi.ts';
import type { CoreValue } from './codec.ts';
import { AbiTrap, createGuestMemory, type CanonicalOptions } from './guest-memory.ts';
import type { HostCalls } from './host-call.ts';
import { TEXT_ENCODINGS } from './measured-codec.ts';

/** How the glue lifts one import: what it knows of it, then the core values of a call. */
type Lifting = (facts: unknown, ...core: CoreValue[]) => unknown;

/** What the glue says of an import that it lifts. */
export interface LiftingForm extends Pick<CanonicalOptions, 'memory'> {
  readonly encoding: string;
  readonly isAsync: boolean;
}

/** What the glue asks for each import that it lifts itself: what to call in place of its own function. */
export type MeasureImport = (iface: string, name: string, own: Lifting, form: LiftingForm) => Lifting;

/**
 * Measures the arguments of a call before the glue makes values of them. A list may cost the host many times what it
 * costs the guest, and a text may stand in it ten thousand times; once the glue has them, it is too late to count.
 */
export function createMeasuring(artefact: Artefact, calls: HostCalls): MeasureImport {
  return (versioned, called, own, form) => {
    const iface = versioned.replace(/@.*$/, '');
    const name = `${iface}#${called}`;
    let check: ((core: readonly CoreValue[]) => void) | undefined;

    /** Made at the first call: few imports are lifted by the glue, and fewer are called. */
    function make(): (core: readonly CoreValue[]) => void {
      const signature = artefact.imports[iface]?.signatures[called];
      const encoding = TEXT_ENCODINGS.find((known) => known === form.encoding);
      const measure =
        signature === undefined || encoding === undefined || form.isAsync
          ? undefined
          : createCallMeasure(signature, encoding);
      if (measure === undefined) return () => calls.broken(new AbiTrap(`the arguments of \`${name}\` have no bound`));
      const memory = createGuestMemory(
        { memory: form.memory, realloc: undefined, flags: () => undefined },
        { charge: (bytes) => calls.charge(name, bytes), hold: (bytes) => calls.hold(name, bytes) },
      );
      return (core) => {
        memory.begin();
        try {
          measure(memory, core);
        } catch (error) {
          if (calls.isOver()) throw error;
          calls.broken(error);
        }
      };
    }

    return (facts, ...core) => {
      (check ??= make())(core);
      return own(facts, ...core);
    };
  };
}
