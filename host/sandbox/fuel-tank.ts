import { FUEL_IMPORT, PAUSE_TYPE } from './fuel.ts';
import { encodeSection, SECTION } from './wasm-binary.ts';

/** The instructions that one run may execute. All of its instances count in the same place. */
export interface FuelTank {
  /** What every module of the run imports. */
  readonly imports: Readonly<Record<string, object>>;
  /** How many instructions were executed so far; never more than there were. */
  used(): number;
  /** Whether the guest was ended for having none left; it cannot go on after that. */
  isEmpty(): boolean;
}

/** Gives the instructions out in turns, so that the host is heard while the guest spins. */
export interface FuelTurns {
  /** The most instructions of one turn. */
  readonly instructions: number;
  /** Whether there may be another turn. Called by the guest, between two of its instructions. */
  readonly goOn: () => boolean;
}

/** Without `turns` all of them are given out at once. The guest ends at the same instruction either way. */
export function createFuelTank(instructions: number, turns?: FuelTurns): FuelTank {
  let left = instructions;
  const counter = new WebAssembly.Global({ value: 'i64', mutable: true }, 0n);
  const held = (): number => Number(counter.value);
  /** Whatever was used beyond the last turn is part of the next one. */
  function fill(): void {
    const turn = Math.min(left, (turns?.instructions ?? left) - held());
    left -= turn;
    counter.value += BigInt(turn);
  }
  const isEmpty = (): boolean => left + held() < 0;
  function pause(): number {
    if (isEmpty() || turns?.goOn() !== true) return 0;
    fill();
    return 1;
  }
  fill();
  return Object.freeze({
    imports: Object.freeze({ [FUEL_IMPORT.counter]: counter, [FUEL_IMPORT.pause]: referenceTo(pause) }),
    used: () => instructions - Math.max(0, left + held()),
    isEmpty,
  });
}

const NAME = [1, 0x70]; // `p`
/** Imports a function and exports a global that refers to it: JavaScript alone cannot make one with a type of its own. */
const REFERRING = new WebAssembly.Module(
  Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...encodeSection(SECTION.type, [[1], PAUSE_TYPE]),
    ...encodeSection(SECTION.import, [[1], NAME, NAME, [0, 0]]),
    ...encodeSection(SECTION.global, [
      [1, 0x64, 0, 0],
      [0xd2, 0, 0x0b],
    ]), // (ref 0), not mutable; ref.func, end
    ...encodeSection(SECTION.export, [[1], NAME, [3, 0]]),
  ]),
);

function referenceTo(pause: () => number): object {
  const { p } = new WebAssembly.Instance(REFERRING, { p: { p: pause } }).exports;
  if (!(p instanceof WebAssembly.Global)) throw new Error('the module above exports one');
  return p;
}
