import type { GuestView } from './guest-view.ts';

/** The most bytes that one call moves: more than that, and it is a short read or write, as POSIX permits. */
export const MOST_MOVED = 262_144;

/** The most vectors of one call that are looked at (`IOV_MAX` of wasi-libc). */
const MOST_VECTORS = 1024;
const VECTOR_BYTES = 8;

export interface Vector {
  readonly at: number;
  readonly length: number;
}

/** The `iovec`s of a call, cut off at `MOST_MOVED` bytes together. They may overlap. */
export function readVectors(view: GuestView, at: number, count: number): readonly Vector[] {
  const looked = Math.min(count, MOST_VECTORS);
  if (looked > 0) view.place(at, looked * VECTOR_BYTES, 4);
  const vectors: Vector[] = [];
  let left = MOST_MOVED;
  for (let index = 0; index < looked && left > 0; index++) {
    const entry = at + index * VECTOR_BYTES;
    const [start, claimed] = [view.u32(entry), view.u32(entry + 4)];
    view.place(start, claimed, 1);
    const length = Math.min(claimed, left);
    if (length > 0) vectors.push({ at: start, length });
    left -= length;
  }
  return vectors;
}

export const sizeOf = (vectors: readonly Vector[]): number => vectors.reduce((sum, { length }) => sum + length, 0);

/** A copy of what the vectors lead to. */
export function gather(view: GuestView, vectors: readonly Vector[]): Uint8Array<ArrayBuffer> {
  const [first, ...others] = vectors;
  if (first === undefined) return new Uint8Array(0);
  if (others.length === 0) return view.copy(first.at, first.length);
  const bytes = new Uint8Array(sizeOf(vectors));
  let filled = 0;
  for (const { at, length } of vectors) {
    bytes.set(view.copy(at, length), filled);
    filled += length;
  }
  return bytes;
}

/** Fills the vectors in their order. */
export function scatter(view: GuestView, vectors: readonly Vector[], bytes: Uint8Array): void {
  let taken = 0;
  for (const { at, length } of vectors) {
    if (taken >= bytes.length) return;
    view.write(at, bytes.subarray(taken, taken + length));
    taken += length;
  }
}
