import type { GuestMemory } from './guest-memory.ts';

export type CoreType = 'i32' | 'i64' | 'f32' | 'f64';
export type CoreValue = number | bigint;

/** How values of one type lie in memory and in core values (Component Model, "Canonical ABI Explainer"). */
export interface Codec {
  readonly size: number;
  readonly align: number;
  readonly flat: readonly CoreType[];
  readonly load: (memory: GuestMemory, at: number) => unknown;
  readonly store: (memory: GuestMemory, at: number, value: unknown) => void;
  /** Reads `flat.length` core values, from the place `from` on. */
  readonly lift: (memory: GuestMemory, core: readonly CoreValue[], from: number) => unknown;
  /** The one core value of a type that has one. */
  readonly lower?: (value: unknown) => CoreValue;
}

/** A type that is left to the glue. */
export class Unsupported extends Error {}

export const toI32 = (value: CoreValue | undefined): number => Number(value);
export const upTo = (at: number, align: number): number => Math.ceil(at / align) * align;
