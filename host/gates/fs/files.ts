import type { FileType } from '../../contracts/file-service.ts';
import type { PosixFiles } from './posix-files.ts';
import type { ByteRange } from './request.ts';

export type FileKind = 'file' | 'directory' | 'other';

/** Why the files of a mount did not do what was asked. */
export type FsFailure =
  | 'not-found'
  | 'already-exists'
  | 'not-a-file'
  | 'not-a-directory'
  | 'not-empty'
  | 'read-only'
  | 'too-large'
  | 'no-space';

/** `forbidden`: the object is there and may not be touched (another file system, a hard link, no permission). */
export type FileResult<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly failure: FsFailure | 'forbidden' };

export interface FileMetadata {
  readonly kind: FileKind;
  readonly size: number;
  readonly modifiedMs: number;
}
/** An entry as it is found; the WIT knows no links. */
export interface TypedName {
  readonly name: string;
  readonly type: FileType;
}
export interface FileEntry {
  readonly name: string;
  readonly kind: FileKind;
}
export interface FileListing {
  /** In the order of the names' UTF-8 bytes. */
  readonly entries: readonly TypedName[];
  readonly more: boolean;
  /** Entries whose names cannot be asked for. */
  readonly skipped: number;
}

/** One directory of the host and what is below it, reached by names; links are never followed. */
export interface FileTree {
  /** The bytes hold until the next read: the glue copies them into the guest before it can ask for more. */
  read(names: readonly string[], range: ByteRange | undefined, mostBytes: number): FileResult<Uint8Array>;
  /** Replaces or creates a whole file; nobody sees a part of it. */
  write(names: readonly string[], contents: Uint8Array, options: { readonly sync: boolean }): FileResult<undefined>;
  append(names: readonly string[], contents: Uint8Array, options: AppendOptions): FileResult<undefined>;
  list(names: readonly string[], options: ListOptions): FileResult<FileListing>;
  stat(names: readonly string[]): FileResult<FileMetadata>;
  makeDirectory(names: readonly string[]): FileResult<undefined>;
  remove(names: readonly string[]): FileResult<undefined>;
  rename(source: readonly string[], target: readonly string[]): FileResult<undefined>;
  /** Where the names lead when links are followed that stay in the tree; `keep` does not follow the last one. */
  resolve(names: readonly string[], last: 'follow' | 'keep'): FileResult<readonly string[]>;
  /** The same files as POSIX shows them. */
  readonly posix: PosixFiles;
  /** Closes every descriptor. */
  close(): void;
}
export interface AppendOptions {
  readonly sync: boolean;
  /** The size that the file may reach. */
  readonly mostBytes: number;
}
export interface ListOptions {
  /** Only names after this one. */
  readonly after: string | undefined;
  readonly most: number;
  readonly accept: (name: string) => boolean;
}

/** What a mount may hold: the sizes that its files show, and how many files and directories there are. */
export interface QuotaLimits {
  readonly bytes: number;
  readonly files: number;
}
export interface MountShape {
  readonly access: 'ro' | 'rw';
  readonly quota?: QuotaLimits;
}

/** The directories of this machine that mounts show. */
export interface MountFiles {
  /** Throws `HostError` if the directory cannot be held, or `ERR_PLATFORM` if it cannot be held safely. */
  open(directory: string, shape: MountShape): FileTree;
}
