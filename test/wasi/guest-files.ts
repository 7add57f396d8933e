import type { FileService } from '../../host/contracts/file-service.ts';
import { call, createWasiRun, members, thrownBy, type WasiRun } from './run.ts';

/** `wasi:filesystem/types` as a guest sees it, in the shapes of the glue. */
export interface GuestDescriptor {
  readViaStream(offset: bigint): GuestInput;
  writeViaStream(offset: bigint): GuestOutput;
  appendViaStream(): GuestOutput;
  advise(offset: bigint, length: bigint, advice: string): void;
  syncData(): void;
  getFlags(): Record<string, boolean>;
  getType(): string;
  setSize(size: bigint): void;
  setTimes(accessed: GuestTime, modified: GuestTime): void;
  read(length: bigint, offset: bigint): [Uint8Array, boolean];
  write(buffer: Uint8Array, offset: bigint): bigint;
  readDirectory(): GuestEntries;
  sync(): void;
  createDirectoryAt(path: string): void;
  stat(): GuestStat;
  statAt(flags: { symlinkFollow: boolean }, path: string): GuestStat;
  setTimesAt(flags: { symlinkFollow: boolean }, path: string, accessed: GuestTime, modified: GuestTime): void;
  linkAt(flags: { symlinkFollow: boolean }, oldPath: string, target: GuestDescriptor, newPath: string): void;
  openAt(
    pathFlags: { symlinkFollow: boolean },
    path: string,
    openFlags: Record<string, boolean>,
    flags: Record<string, boolean>,
  ): GuestDescriptor;
  readlinkAt(path: string): string;
  removeDirectoryAt(path: string): void;
  renameAt(oldPath: string, target: GuestDescriptor, newPath: string): void;
  symlinkAt(oldPath: string, newPath: string): void;
  unlinkFileAt(path: string): void;
  isSameObject(other: GuestDescriptor): boolean;
  metadataHash(): { lower: bigint; upper: bigint };
  metadataHashAt(flags: { symlinkFollow: boolean }, path: string): { lower: bigint; upper: bigint };
  [Symbol.dispose](): void;
}
export interface GuestEntries {
  readDirectoryEntry(): { type: string; name: string } | undefined;
  [Symbol.dispose](): void;
}
export interface GuestInput {
  read(length: bigint): Uint8Array;
  [Symbol.dispose](): void;
}
export interface GuestOutput {
  checkWrite(): bigint;
  write(bytes: Uint8Array): void;
  flush(): void;
  [Symbol.dispose](): void;
}
export interface GuestStat {
  type: string;
  linkCount: bigint;
  size: bigint;
  dataAccessTimestamp?: GuestInstant;
  dataModificationTimestamp?: GuestInstant;
  statusChangeTimestamp?: GuestInstant;
}
export interface GuestInstant {
  seconds: bigint;
  nanoseconds: number;
}
export type GuestTime = { tag: 'no-change' } | { tag: 'now' } | { tag: 'timestamp'; val: GuestInstant };

export const FOLLOW = { symlinkFollow: true };
export const NO_FOLLOW = { symlinkFollow: false };

/** The flags of a call by their names, as the glue lifts them. */
export function openFlags(...names: ('create' | 'directory' | 'exclusive' | 'truncate')[]): Record<string, boolean> {
  return flagsOf(['create', 'directory', 'exclusive', 'truncate'], names);
}
const DESCRIPTOR_FLAGS = [
  'read',
  'write',
  'fileIntegritySync',
  'dataIntegritySync',
  'requestedWriteSync',
  'mutateDirectory',
] as const;
export function descriptorFlags(...names: (typeof DESCRIPTOR_FLAGS)[number][]): Record<string, boolean> {
  return flagsOf(DESCRIPTOR_FLAGS, names);
}
const flagsOf = (all: readonly string[], set: readonly string[]) =>
  Object.fromEntries(all.map((name) => [name, set.includes(name)]));

/** Opens a file below a directory: `r`, `w`, `rw`, with open flags. */
export function openFile(
  directory: GuestDescriptor,
  path: string,
  mode: 'r' | 'w' | 'rw' = 'r',
  ...flags: Parameters<typeof openFlags>
): GuestDescriptor {
  const modes = { r: ['read'], w: ['write'], rw: ['read', 'write'] } as const;
  return directory.openAt(FOLLOW, path, openFlags(...flags), descriptorFlags(...modes[mode]));
}

export const openDirectory = (directory: GuestDescriptor, path: string): GuestDescriptor =>
  openFile(directory, path, 'r', 'directory');

/** A run with files, and its preopened directories by their paths. */
export function filesRun(
  files: FileService,
  overrides: Parameters<typeof createWasiRun>[0] = {},
): { run: WasiRun; root: (path?: string) => GuestDescriptor } {
  const run = createWasiRun({ services: { files }, ...overrides });
  const preopens = call(members(run, 'wasi:filesystem/preopens'), 'getDirectories') as [GuestDescriptor, string][];
  const root = (path?: string): GuestDescriptor => {
    const found = path === undefined ? preopens[0] : preopens.find(([, name]) => name === path);
    if (found === undefined) throw new Error(`no preopen ${path ?? ''}`);
    return found[0];
  };
  return { run, root };
}

/** The `error-code` that a call ends with. */
export function codeOf(work: () => unknown): string {
  const thrown = thrownBy(work);
  if (typeof thrown === 'object' && thrown !== null && 'payload' in thrown && typeof thrown.payload === 'string')
    return thrown.payload;
  throw thrown instanceof Error ? thrown : new Error(`no error code: ${JSON.stringify(thrown)}`);
}

/** Every entry of a directory, in its order. */
export function entriesOf(directory: GuestDescriptor): { type: string; name: string }[] {
  const stream = directory.readDirectory();
  const found: { type: string; name: string }[] = [];
  for (let entry = stream.readDirectoryEntry(); entry !== undefined; entry = stream.readDirectoryEntry()) {
    found.push(entry);
  }
  stream[Symbol.dispose]();
  return found;
}

/** Whole contents of a file, by reads of at most `step` bytes. */
export function readAll(file: GuestDescriptor, step = 65_536n): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let offset = 0n; ;) {
    const [bytes, ended] = file.read(step, offset);
    if (ended) return Buffer.concat(parts);
    parts.push(bytes.slice());
    offset += BigInt(bytes.length);
  }
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (contents: Uint8Array): string => new TextDecoder().decode(contents);
