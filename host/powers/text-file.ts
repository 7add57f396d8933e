import { readFileSync, statSync } from 'node:fs';

/** Reads files that an operator wrote. */
export interface TextFiles {
  /** The bytes of a file of at most `most` bytes. Throws the error of the system, or a `RangeError` where it is larger. */
  read(path: string, most: number): Uint8Array;
}

/** The files of this machine. */
export function createTextFiles(): TextFiles {
  return Object.freeze({
    read(path: string, most: number): Uint8Array {
      const { size } = statSync(path);
      if (size > most) throw new RangeError(`has ${size} bytes; the limit is ${most}`);
      return readFileSync(path);
    },
  });
}
