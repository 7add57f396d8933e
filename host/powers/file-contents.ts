import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

/** Parts up to this size are cut from a slab that Node keeps, larger ones are read into one buffer again and again. */
const MOST_POOLED = 16 * 1024;
const MOST_KEPT = 16 * 1024 * 1024;

/** Reads at most `length` bytes from `offset`, fewer at the end of the file. They hold until the next part is read. */
export type PartReader = (descriptor: number, offset: number, length: number) => Uint8Array;

/** A reader with a buffer of its own: fresh memory for every part of a long file would cost more than reading it. */
export function createPartReader(): PartReader {
  let kept = Buffer.alloc(0);
  return (descriptor, offset, length) => {
    // No byte of it is returned that was not read.
    if (length > kept.length && length > MOST_POOLED && length <= MOST_KEPT) kept = Buffer.allocUnsafeSlow(length);
    const isKept = length > MOST_POOLED && length <= kept.length;
    const bytes = isKept ? kept : Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const count = readSync(descriptor, bytes, filled, length - filled, offset + filled);
      if (count === 0) break;
      filled += count;
    }
    return new Uint8Array(bytes.buffer, bytes.byteOffset, filled);
  };
}

/** Writes everything where the descriptor stands. */
export function writeAll(descriptor: number, contents: Uint8Array): void {
  let written = 0;
  while (written < contents.length)
    written += writeSync(descriptor, contents, written, contents.length - written, null);
}

/** Adds everything to the end of a file of `size` bytes, or nothing: a full disk leaves no part. */
export function appendAll(descriptor: number, size: number, contents: Uint8Array): void {
  let written = 0;
  try {
    while (written < contents.length)
      written += writeSync(descriptor, contents, written, contents.length - written, null);
  } catch (error) {
    // Not if somebody else has added to it meanwhile: their part stands behind ours.
    if (written > 0 && fstatSync(descriptor).size === size + written) ftruncateSync(descriptor, size);
    throw error;
  }
}

/** Waits until the names in a directory are on the disk. */
export function syncDirectory(path: string): void {
  closing(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY), fsyncSync);
}

/** Uses a descriptor and closes it. */
export function closing<Value>(descriptor: number, act: (descriptor: number) => Value): Value {
  try {
    return act(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
