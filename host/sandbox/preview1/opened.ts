import type { ErrnoName } from './errno.ts';
import { fail } from './errno.ts';
import type { DirectoryListing } from './directory-listing.ts';
import { has, RIGHT, type Rights } from './rights.ts';
import type { Descriptor, DescriptorType, InputStream, OutputStream } from './wasi-types.ts';

/** `fdflags`. */
export const FDFLAG = Object.freeze({ append: 1, dsync: 2, nonblock: 4, rsync: 8, sync: 16 });
export const ALL_FDFLAGS = 31;

interface Common {
  rights: Rights;
  /** `fdflags`. */
  flags: number;
}

export interface OpenedInput extends Common {
  readonly kind: 'input';
  readonly stream: () => InputStream;
  readonly isTerminal: () => boolean;
}

export interface OpenedOutput extends Common {
  readonly kind: 'output';
  readonly stream: () => OutputStream;
  readonly isTerminal: () => boolean;
}

export interface OpenedFile extends Common {
  readonly kind: 'file';
  readonly descriptor: Descriptor;
  readonly type: DescriptorType;
  position: bigint;
}

export interface OpenedDirectory extends Common {
  readonly kind: 'directory';
  readonly descriptor: Descriptor;
  /** The name under which the program finds a directory that it was started with. */
  readonly preopen: string | undefined;
  listing: DirectoryListing | undefined;
}

/** What a file descriptor of the program stands for. */
export type Opened = OpenedInput | OpenedOutput | OpenedFile | OpenedDirectory;

/** Reading and writing without the right are `badf`, as in POSIX. */
const MISSING: ReadonlyMap<bigint, ErrnoName> = new Map([
  [RIGHT.fdRead, 'badf'],
  [RIGHT.fdWrite, 'badf'],
]);

export function demand(opened: Opened, right: bigint): void {
  if (!has(opened.rights.base, right)) fail(MISSING.get(right) ?? 'notcapable');
}

/** A file with that right. */
export function fileWith(opened: Opened, right: bigint): OpenedFile {
  if (opened.kind !== 'file') return fail('badf');
  demand(opened, right);
  return opened;
}

/** A file to move about in. Streams have no positions. */
export function seekable(opened: Opened, right: bigint): OpenedFile {
  if (opened.kind === 'input' || opened.kind === 'output') return fail('spipe');
  return fileWith(opened, right);
}

/** A file or directory with that right. */
export function fileOrDirectoryWith(opened: Opened, right: bigint): OpenedFile | OpenedDirectory {
  if (opened.kind === 'input' || opened.kind === 'output') return fail('badf');
  demand(opened, right);
  return opened;
}

/** A directory to begin a path at. */
export function directoryWith(opened: Opened, right: bigint): OpenedDirectory {
  if (opened.kind === 'file') return fail('notdir');
  if (opened.kind !== 'directory') return fail('badf');
  demand(opened, right);
  return opened;
}
