import { FUEL_IMPORT } from './fuel.ts';

/** The instructions that one run may execute. All of its instances count in the same place. */
export interface FuelTank {
  /** What every module of the run imports. */
  readonly imports: Readonly<Record<string, WebAssembly.Global<'i64'>>>;
  /** How many instructions were executed so far; never more than there were. */
  used(): number;
  /** Whether the guest was ended for having none left; it cannot go on after that. */
  isEmpty(): boolean;
}

export function createFuelTank(instructions: number): FuelTank {
  const counter = new WebAssembly.Global({ value: 'i64', mutable: true }, BigInt(instructions));
  return Object.freeze({
    imports: Object.freeze({ [FUEL_IMPORT.name]: counter }),
    used: () => instructions - Math.max(0, Number(counter.value)),
    isEmpty: () => counter.value < 0n,
  });
}
