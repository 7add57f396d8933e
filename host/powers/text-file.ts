import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { descriptorPath, hasDescriptorPaths } from './descriptor-path.ts';

/** A file as it was read. */
export interface ReadText {
  readonly bytes: Uint8Array;
  /** The path, without links, of what was opened. */
  readonly real: string;
}

/** Reads files that an operator wrote. */
export interface TextFiles {
  /**
   * The bytes of a regular file of at most `most` bytes. Never waits: not for a pipe that stands in its place either. Throws
   * the error of the system, a `RangeError` where it is larger, a `TypeError` where it is no regular file.
   */
  read(path: string, most: number): Uint8Array;
  /** The same, and where it really was. */
  readPlaced(path: string, most: number): ReadText;
}

/** The files of this machine. */
export function createTextFiles(): TextFiles {
  return Object.freeze({
    read: (path: string, most: number) => readRegular(path, most),
    readPlaced,
  });
}

const { O_NOCTTY, O_NONBLOCK, O_RDONLY } = constants;

function readPlaced(path: string, most: number): ReadText {
  let real = path;
  const bytes = readRegular(path, most, 0, (descriptor) => {
    real = realpathSync.native(hasDescriptorPaths() ? descriptorPath(descriptor) : path);
  });
  return { bytes, real };
}

/** Reads a regular file: what is checked is what was opened. `flags` are further ones for the opening. */
export function readRegular(path: string, most: number, flags = 0, opened?: (descriptor: number) => void): Uint8Array {
  // Without O_NONBLOCK the open of a pipe would wait for ever, and that of a device may do anything.
  const descriptor = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | flags);
  try {
    const stats = fstatSync(descriptor);
    if (stats.isDirectory()) throw new TypeError('is a directory');
    if (!stats.isFile()) throw new TypeError('is not a regular file');
    if (stats.size > most) throw new RangeError(`has ${stats.size} bytes; the limit is ${most}`);
    opened?.(descriptor);
    return readAll(descriptor, stats.size, most);
  } finally {
    closeSync(descriptor);
  }
}

/** Some files have no size, and others grow while they are read. */
function readAll(descriptor: number, size: number, most: number): Uint8Array {
  let bytes = Buffer.alloc(Math.min(size + 1, most + 1));
  let length = 0;
  for (;;) {
    const read = readSync(descriptor, bytes, length, bytes.length - length, length);
    if (read === 0) return bytes.subarray(0, length);
    length += read;
    if (length > most) throw new RangeError(`has more than ${most} bytes`);
    if (length === bytes.length)
      bytes = Buffer.concat([bytes, Buffer.alloc(Math.min(bytes.length, most + 1 - length))]);
  }
}
