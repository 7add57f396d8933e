import type { Pending } from './pending.ts';

/** Files as POSIX knows them: opened once, then read and written at offsets. `fs` serves them, WASI shows them to guests. */

/**
 * Why nothing was done: a subset of `error-code` of `wasi:filesystem/types@0.2`. `access` is a denial; whether there is
 * anything of that name cannot be told from it.
 */
export type FileError =
  | 'access'
  | 'not-permitted'
  | 'no-entry'
  | 'exist'
  | 'not-directory'
  | 'is-directory'
  | 'not-empty'
  | 'loop'
  | 'name-too-long'
  | 'illegal-byte-sequence'
  | 'read-only'
  | 'insufficient-space'
  | 'quota'
  | 'file-too-large'
  | 'invalid'
  | 'bad-descriptor'
  | 'busy'
  | 'cross-device'
  | 'unsupported'
  | 'io';

export type FileAnswer<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: FileError };

/** An answer that a person may have to be waited for. */
export type FileReply<Value> = Pending<FileAnswer<Value>>;

/** What a name stands for. A link is only ever seen where it was asked not to be followed. */
export type FileType = 'file' | 'directory' | 'link' | 'other';

export interface FileStatus {
  readonly type: FileType;
  readonly size: bigint;
  readonly links: bigint;
  /** Nanoseconds since 1970-01-01T00:00Z. */
  readonly accessedNs: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
  /** Two names have the same identity exactly if they are the same object. Says nothing else about the machine. */
  readonly identity: bigint;
}

/** `now` is the host's clock at the time of the change. */
export type NewTime = 'keep' | 'now' | { readonly ns: bigint };

/**
 * How a file is to be opened. What is asked for is what is decided: reading as `fs:read`, all else as `fs:write`, nothing
 * at all as `fs:stat`; only that opens a directory as well. `truncate` needs `write`.
 */
export interface OpenHow {
  readonly read: boolean;
  readonly write: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
  /** Whether a link at the end is followed, in mounts that follow links at all. */
  readonly follow: boolean;
}

/** One open file. It is worth what the policy said when it was opened, and is looked at again when the policy changes. */
export interface OpenFile {
  /**
   * At most `most` bytes from `offset`; fewer only at the end of the file, or where `most` is above the host's bound. They
   * hold until the next read of any file.
   */
  read(offset: bigint, most: number): FileAnswer<Uint8Array>;
  /** How many bytes were written: all of them, or an error. */
  write(offset: bigint, bytes: Uint8Array): FileAnswer<number>;
  append(bytes: Uint8Array): FileAnswer<number>;
  setSize(size: bigint): FileAnswer<undefined>;
  setTimes(accessed: NewTime, modified: NewTime): FileAnswer<undefined>;
  status(): FileAnswer<FileStatus>;
  sync(what: 'data' | 'all'): FileAnswer<undefined>;
  /** Settles the record of everything that was done with it. Once. */
  close(): void;
}

export interface DirectoryName {
  readonly name: string;
  readonly type: FileType;
}

/** A directory that the configuration shows. */
export interface FileRoot {
  /** Canonical: `/workspace`. */
  readonly path: string;
  readonly writable: boolean;
}

/**
 * Every call is an effect of its own, decided and recorded; an open file is one effect from its opening to its closing.
 * Paths are virtual and absolute; what is not canonical is refused with `invalid` or a more telling error. An answer is
 * there at once, but for what a rule asks a person about.
 */
export interface FileService {
  readonly roots: readonly FileRoot[];
  /** Of more than 256 at a time the next is `busy`. */
  open(path: string, how: OpenHow): FileReply<OpenFile>;
  /** `fs:stat`. */
  status(path: string, follow: boolean): FileReply<FileStatus>;
  /** `fs:list`: the names of a directory, a page at a time; an empty page is the end. Each page is an effect. */
  list(path: string): FileReply<{ readonly next: () => FileReply<readonly DirectoryName[]> }>;
  makeDirectory(path: string): FileReply<undefined>;
  /** `fs:remove`, of a file or a link. */
  removeFile(path: string): FileReply<undefined>;
  removeDirectory(path: string): FileReply<undefined>;
  /**
   * Replaces a file that is there, as POSIX does. A directory is moved where every name below it may be moved: up to 256
   * of them, and no links. Otherwise the answer is `access` or `cross-device`, after which programs copy. Links are not
   * moved: `not-permitted`.
   */
  rename(source: string, target: string): FileReply<undefined>;
  /** `fs:write`; to the nanosecond where the machine lets the host, otherwise to the microsecond. */
  setTimes(path: string, follow: boolean, accessed: NewTime, modified: NewTime): FileReply<undefined>;
  /** A second name for a file would be a second resource: denied and recorded. */
  hardLink(source: string, target: string): FileReply<undefined>;
  /**
   * `fs:create`, and `fs:read` of the target, in mounts that follow links, of relative targets that stay in the mount, with
   * each `..` at their beginning; refused elsewhere.
   */
  symbolicLink(target: string, path: string): FileReply<undefined>;
  /** `fs:stat`; only what a link may say that could be made here. */
  readLink(path: string): FileReply<string>;
}
