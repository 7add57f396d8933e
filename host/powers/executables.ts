import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { descriptorIdentity, fileIdentity } from './file-identity.ts';

/** Program files, so that what was declared is what is run. */
export interface Executables {
  identify(file: string): string | undefined;
  /** A path that leads to an open file with this digest, whatever has the file's name now; `undefined` if there is none. */
  pinned(file: string, sha256: string): string | undefined;
  close(): void;
}

interface Held {
  readonly descriptor: number;
  /** In which state it was hashed. */
  readonly identity: string;
  readonly path: string;
}

const PIECE_BYTES = 256 * 1024;

/** Holds the programs that are pinned by digest open, hashed once for each state. */
export function createExecutables(): Executables {
  const held = new Map<string, Held>();

  function drop(key: string): void {
    const known = held.get(key);
    if (known !== undefined) closeSync(known.descriptor);
    held.delete(key);
  }

  return Object.freeze({
    identify: fileIdentity,
    pinned(file: string, sha256: string): string | undefined {
      const key = `${sha256} ${file}`;
      const known = held.get(key);
      if (known !== undefined && descriptorIdentity(known.descriptor) === known.identity) return known.path;
      const again = known && examine(known.descriptor, sha256);
      if (again === undefined) drop(key);
      const found = again ?? openPinned(file, sha256);
      if (found !== undefined) held.set(key, found);
      return found?.path;
    },
    close(): void {
      for (const key of [...held.keys()]) drop(key);
    },
  });
}

function openPinned(file: string, sha256: string): Held | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  const found = examine(descriptor, sha256);
  if (found === undefined) closeSync(descriptor);
  return found;
}

/** Hashes an open file; answers only if it has the digest and stood still meanwhile. */
function examine(descriptor: number, sha256: string): Held | undefined {
  try {
    const identity = descriptorIdentity(descriptor);
    const { digest, script } = digestOf(descriptor);
    if (digest !== sha256 || descriptorIdentity(descriptor) !== identity) return undefined;
    // An interpreter opens its script again when the child has closed all but this process's descriptors.
    return { descriptor, identity, path: `/proc/${script ? process.pid : 'self'}/fd/${descriptor}` };
  } catch {
    return undefined; // not a file that can be read
  }
}

function digestOf(descriptor: number): { digest: string; script: boolean } {
  const digest = createHash('sha256');
  const piece = new Uint8Array(PIECE_BYTES);
  let script = false;
  for (let position = 0; ;) {
    const length = readSync(descriptor, piece, 0, PIECE_BYTES, position);
    if (length === 0) return { digest: digest.digest('hex'), script };
    if (position === 0) script = piece[0] === 0x23 && piece[1] === 0x21; // `#!`
    digest.update(piece.subarray(0, length));
    position += length;
  }
}
