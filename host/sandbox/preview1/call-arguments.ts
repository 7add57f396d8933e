import { AbiTrap } from '../guest-memory.ts';
import { fail } from './errno.ts';

/**
 * The core values of one call. The module declares the types of its imports itself: whatever is not of the type that the
 * function has is a trap.
 */
export interface CallArguments {
  u32(index: number): number;
  u64(index: number): bigint;
  s64(index: number): bigint;
  /** Flags: a bit that is none of `known` is `inval`. */
  flags(index: number, known: number): number;
  /** Tells how many bytes the call carries. */
  charge(bytes: number): void;
}

export function createArguments(core: readonly unknown[], charge: (bytes: number) => void): CallArguments {
  function u32(index: number): number {
    const value = core[index];
    if (typeof value !== 'number') throw new AbiTrap('a function was imported with another type than it has');
    return value >>> 0;
  }

  function i64(index: number): bigint {
    const value = core[index];
    if (typeof value !== 'bigint') throw new AbiTrap('a function was imported with another type than it has');
    return value;
  }

  return {
    u32,
    u64: (index) => BigInt.asUintN(64, i64(index)),
    s64: (index) => BigInt.asIntN(64, i64(index)),
    flags(index, known) {
      const value = u32(index);
      return (value & ~known) === 0 ? value : fail('inval');
    },
    charge,
  };
}
