import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { O_PATH } from './descriptor-path.ts';
import { descriptorIdentity, fileIdentity } from './file-identity.ts';

/** A program file that is held open: what was checked is what is run, whatever has its name now. */
export interface OpenProgram {
  readonly descriptor: number;
  /** Leads to the open file, from every process of this user. */
  readonly path: string;
  /** Begins with `#!`: its interpreter opens it again. */
  readonly script: boolean;
}

/** Which file a program must be. */
export interface ProgramDeclaration {
  readonly file: string;
  /** What `identify` said of it. Not looked at where there is a digest. */
  readonly identity: string | undefined;
  /** SHA-256, hex: exactly these bytes. */
  readonly sha256: string | undefined;
}

/** Program files, so that what was declared is what is run. */
export interface Executables {
  identify(file: string): string | undefined;
  /** The program, if it is what was declared. It stays open until `close`. */
  open(declaration: ProgramDeclaration): OpenProgram | undefined;
  close(): void;
}

interface Held extends OpenProgram {
  /** In which state it was examined. */
  readonly identity: string;
}

const PIECE_BYTES = 256 * 1024;
const MOST_HELD = 64;

/** Holds programs open; those that are pinned by digest are hashed once for each state. */
export function createExecutables(): Executables {
  const held = new Map<string, Held>();

  function drop(key: string): void {
    const known = held.get(key);
    if (known !== undefined) closeSync(known.descriptor);
    held.delete(key);
  }

  function keep(key: string, found: Held | undefined): OpenProgram | undefined {
    if (found === undefined) return undefined;
    if (held.size >= MOST_HELD) for (const oldest of [...held.keys()].slice(0, 1)) drop(oldest);
    held.set(key, found);
    return found;
  }

  function pinned(file: string, sha256: string): OpenProgram | undefined {
    const key = `${sha256} ${file}`;
    const known = held.get(key);
    if (known !== undefined && descriptorIdentity(known.descriptor) === known.identity) return known;
    const again = known && examine(known.descriptor, sha256);
    if (again !== undefined) return keep(key, again);
    drop(key);
    return keep(
      key,
      openChecked(file, (descriptor) => examine(descriptor, sha256)),
    );
  }

  function declared(file: string, identity: string): OpenProgram | undefined {
    // A file of this name that is another one now is not what was declared, although the one that was is still held.
    if (fileIdentity(file) !== identity) return undefined;
    const key = `${identity} ${file}`;
    const known = held.get(key);
    if (known !== undefined && descriptorIdentity(known.descriptor) === identity) return known;
    drop(key);
    return keep(
      key,
      openChecked(file, (descriptor) =>
        descriptorIdentity(descriptor) === identity
          ? { descriptor, identity, path: sharedPath(descriptor), script: isScript(descriptor) }
          : undefined,
      ),
    );
  }

  return Object.freeze({
    identify: fileIdentity,
    open({ file, identity, sha256 }: ProgramDeclaration): OpenProgram | undefined {
      if (sha256 !== undefined) return pinned(file, sha256);
      return identity === undefined ? undefined : declared(file, identity);
    },
    close(): void {
      for (const key of [...held.keys()]) drop(key);
    },
  });
}

function openChecked(file: string, check: (descriptor: number) => Held | undefined): Held | undefined {
  const descriptor = openProgram(file);
  if (descriptor === undefined) return undefined;
  const found = check(descriptor);
  if (found === undefined) closeSync(descriptor);
  return found;
}

/** A child has closed all but its own descriptors when an interpreter opens its script. */
const sharedPath = (descriptor: number): string => `/proc/${process.pid}/fd/${descriptor}`;

/** A program that may be run need not be readable. */
function openProgram(file: string): number | undefined {
  for (const flags of [constants.O_RDONLY | constants.O_NONBLOCK, O_PATH]) {
    try {
      return openSync(file, flags);
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Hashes an open file; answers only if it has the digest and stood still meanwhile. */
function examine(descriptor: number, sha256: string): Held | undefined {
  try {
    const identity = descriptorIdentity(descriptor);
    if (digestOf(descriptor) !== sha256 || descriptorIdentity(descriptor) !== identity) return undefined;
    return { descriptor, identity, path: sharedPath(descriptor), script: isScript(descriptor) };
  } catch {
    return undefined; // not a file that can be read
  }
}

function isScript(descriptor: number): boolean {
  const start = Buffer.alloc(2);
  try {
    readSync(descriptor, start, 0, 2, 0);
  } catch {
    return false; // not readable: the kernel runs no script that its interpreter could not read
  }
  return start.toString('latin1') === '#!';
}

function digestOf(descriptor: number): string {
  const digest = createHash('sha256');
  const piece = new Uint8Array(PIECE_BYTES);
  for (let position = 0; ;) {
    const length = readSync(descriptor, piece, 0, PIECE_BYTES, position);
    if (length === 0) return digest.digest('hex');
    digest.update(piece.subarray(0, length));
    position += length;
  }
}
