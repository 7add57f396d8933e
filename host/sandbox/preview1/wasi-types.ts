import type { Pending } from '../../contracts/pending.ts';

/** The resources of WASI 0.2 as the glue would see them (`camelCase`, errors thrown as `{ payload }`): what is used of them. */

export type FilesystemError =
  | 'access'
  | 'would-block'
  | 'already'
  | 'bad-descriptor'
  | 'busy'
  | 'deadlock'
  | 'quota'
  | 'exist'
  | 'file-too-large'
  | 'illegal-byte-sequence'
  | 'in-progress'
  | 'interrupted'
  | 'invalid'
  | 'io'
  | 'is-directory'
  | 'loop'
  | 'too-many-links'
  | 'message-size'
  | 'name-too-long'
  | 'no-device'
  | 'no-entry'
  | 'no-lock'
  | 'insufficient-memory'
  | 'insufficient-space'
  | 'not-directory'
  | 'not-empty'
  | 'not-recoverable'
  | 'unsupported'
  | 'no-tty'
  | 'no-such-device'
  | 'overflow'
  | 'not-permitted'
  | 'pipe'
  | 'read-only'
  | 'invalid-seek'
  | 'text-file-busy'
  | 'cross-device';

export type DescriptorType =
  'unknown' | 'block-device' | 'character-device' | 'directory' | 'fifo' | 'symbolic-link' | 'regular-file' | 'socket';

export type Advice = 'normal' | 'sequential' | 'random' | 'will-need' | 'dont-need' | 'no-reuse';

export interface Datetime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

export interface DescriptorFlags {
  readonly read: boolean;
  readonly write: boolean;
  readonly fileIntegritySync: boolean;
  readonly dataIntegritySync: boolean;
  readonly requestedWriteSync: boolean;
  readonly mutateDirectory: boolean;
}

export interface PathFlags {
  readonly symlinkFollow: boolean;
}

export interface OpenFlags {
  readonly create: boolean;
  readonly directory: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
}

export interface DescriptorStat {
  readonly type: DescriptorType;
  readonly linkCount: bigint;
  readonly size: bigint;
  readonly dataAccessTimestamp?: Datetime | undefined;
  readonly dataModificationTimestamp?: Datetime | undefined;
  readonly statusChangeTimestamp?: Datetime | undefined;
}

export type NewTimestamp =
  { readonly tag: 'no-change' } | { readonly tag: 'now' } | { readonly tag: 'timestamp'; readonly val: Datetime };

export interface MetadataHash {
  readonly lower: bigint;
  readonly upper: bigint;
}

export interface Resource {
  [Symbol.dispose](): void;
}

export interface DirectoryEntryStream extends Resource {
  readDirectoryEntry(): Pending<{ readonly type: DescriptorType; readonly name: string } | undefined>;
}

/** What names a file may have to wait for a person. */
export interface Descriptor extends Resource {
  appendViaStream(): OutputStream;
  advise(offset: bigint, length: bigint, advice: Advice): void;
  syncData(): void;
  sync(): void;
  getType(): DescriptorType;
  setSize(size: bigint): void;
  setTimes(accessed: NewTimestamp, modified: NewTimestamp): Pending<undefined>;
  read(length: bigint, offset: bigint): readonly [bytes: Uint8Array, end: boolean];
  write(bytes: Uint8Array, offset: bigint): bigint;
  readDirectory(): Pending<DirectoryEntryStream>;
  createDirectoryAt(path: string): Pending<undefined>;
  stat(): Pending<DescriptorStat>;
  statAt(flags: PathFlags, path: string): Pending<DescriptorStat>;
  setTimesAt(flags: PathFlags, path: string, accessed: NewTimestamp, modified: NewTimestamp): Pending<undefined>;
  linkAt(flags: PathFlags, path: string, target: Descriptor, newPath: string): Pending<undefined>;
  openAt(flags: PathFlags, path: string, how: OpenFlags, access: DescriptorFlags): Pending<Descriptor>;
  readlinkAt(path: string): Pending<string>;
  removeDirectoryAt(path: string): Pending<undefined>;
  renameAt(path: string, target: Descriptor, newPath: string): Pending<undefined>;
  symlinkAt(text: string, path: string): Pending<undefined>;
  unlinkFileAt(path: string): Pending<undefined>;
  metadataHash(): Pending<MetadataHash>;
  metadataHashAt(flags: PathFlags, path: string): Pending<MetadataHash>;
}

export interface Pollable extends Resource {
  ready(): boolean;
}

export interface InputStream extends Resource {
  read(length: bigint): Uint8Array;
  blockingRead(length: bigint): Pending<Uint8Array>;
  subscribe(): Pollable;
}

export interface OutputStream extends Resource {
  checkWrite(): bigint;
  write(bytes: Uint8Array): void;
  blockingWriteAndFlush(bytes: Uint8Array): Pending<undefined>;
  blockingFlush(): Pending<undefined>;
  subscribe(): Pollable;
}
