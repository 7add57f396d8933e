import type { FileError, FileStatus, NewTime, OpenHow } from '../../contracts/file-service.ts';
import type { FileListing, ListOptions } from './files.ts';

/**
 * Why nothing was done. `forbidden`: the object is there and may not be touched (another file system, a hard link, no
 * permission). `link`: a name is a link, and links are not followed.
 */
export type PosixFailure = FileError | 'forbidden' | 'link';

export type PosixResult<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly failure: PosixFailure };

/** What a mount allows of each of its files. */
export interface FileBounds {
  /** The size that a file may reach. */
  readonly mostBytes: number;
  /** Whether closing a file that was changed waits until it has reached the disk. */
  readonly sync: boolean;
}

/** One open file of the machine. Only a regular file has contents; a directory that is open says only what it is. */
export interface FileHandle {
  readonly created: boolean;
  readonly truncated: boolean;
  /** Fewer bytes than asked for at the end of the file. They hold until the next read of any file. */
  read(offset: number, length: number): PosixResult<Uint8Array>;
  write(offset: number, contents: Uint8Array): PosixResult<number>;
  append(contents: Uint8Array): PosixResult<number>;
  setSize(size: number): PosixResult<undefined>;
  setTimes(accessed: NewTime, modified: NewTime): PosixResult<undefined>;
  status(): PosixResult<FileStatus>;
  sync(what: 'data' | 'all'): PosixResult<undefined>;
  close(): PosixResult<undefined>;
}

/** Which names may be taken along, and how many. */
export type BelowOptions = Pick<ListOptions, 'most' | 'accept'>;

/** The same files as POSIX shows them: opened once, changed in place, with its own errors. Links are never followed. */
export interface PosixFiles {
  open(names: readonly string[], how: OpenHow, bounds: FileBounds): PosixResult<FileHandle>;
  status(names: readonly string[]): PosixResult<FileStatus>;
  list(names: readonly string[], options: ListOptions): PosixResult<FileListing>;
  makeDirectory(names: readonly string[]): PosixResult<undefined>;
  /** Removes a file or a link. */
  removeFile(names: readonly string[]): PosixResult<undefined>;
  removeDirectory(names: readonly string[]): PosixResult<undefined>;
  /** Of a file. Of a directory, which takes names along, it is `cross-device`. */
  rename(source: readonly string[], target: readonly string[]): PosixResult<undefined>;
  /**
   * Every name below a directory, in one order. `cross-device` for more than `most` and where links are among them: they
   * could lead elsewhere from another place. `forbidden` where there is what nobody may touch.
   */
  namesBelow(names: readonly string[], options: BelowOptions): PosixResult<readonly string[]>;
  /** Moves a directory with all that is below it. An empty directory makes way for it. */
  moveDirectory(source: readonly string[], target: readonly string[]): PosixResult<undefined>;
  setTimes(names: readonly string[], accessed: NewTime, modified: NewTime): PosixResult<undefined>;
  /** Makes a link with a relative target, if that does not lead out of the tree. */
  symbolicLink(names: readonly string[], target: string): PosixResult<undefined>;
  readLink(names: readonly string[]): PosixResult<string>;
}
