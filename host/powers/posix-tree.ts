import {
  constants,
  ftruncateSync,
  mkdirSync,
  openSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  type Stats,
} from 'node:fs';
import type { NewTime, OpenHow } from '../contracts/file-service.ts';
import type { FileListing, ListOptions } from '../gates/fs/files.ts';
import type { BelowOptions, FileBounds, FileHandle, PosixFiles } from '../gates/fs/posix-files.ts';
import { descriptorPath, O_PATH } from './descriptor-path.ts';
import { createPartReader, syncDirectory } from './file-contents.ts';
import { createFileHandle } from './file-handle.ts';
import { errnoOf, orAbsent } from './file-refusal.ts';
import type { HeldDirectories } from './held-directories.ts';
import { resolveLinks } from './link-resolution.ts';
import type { MountQuota } from './mount-quota.ts';
import type { StatusOf } from './object-status.ts';
import { createTimesSetter } from './object-times.ts';
import { attemptPosix, donePosix, PosixRefusal } from './posix-refusal.ts';
import { sweepTemporaryFiles } from './temporary-files.ts';
import { keyOf, leafIn, type Leaf, type TreeNames } from './tree-names.ts';
import { namesBelow } from './names-below.ts';

const { O_CREAT, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

/** What the files of one mount are reached with. */
export interface PosixTreeParts {
  readonly directories: HeldDirectories;
  readonly tree: TreeNames;
  readonly quota: MountQuota;
  readonly statusOf: StatusOf;
  readonly list: (names: readonly string[], options: ListOptions) => FileListing;
}

/** The files below one directory as POSIX shows them. */
export function createPosixTree({ directories, tree, quota, statusOf, list }: PosixTreeParts): PosixFiles {
  const readPart = createPartReader();
  const applyTimes = createTimesSetter();
  const handleOf = (descriptor: number, bounds: FileBounds, did: Partial<FileHandle> = {}): FileHandle =>
    createFileHandle({
      descriptor,
      bounds,
      quota,
      statusOf,
      applyTimes,
      readPart,
      created: false,
      truncated: false,
      ...did,
    });

  /** Facts of what a name stands for, a link itself for one; `undefined` for nothing. */
  const look = (leaf: Leaf): Stats | undefined =>
    orAbsent(() => tree.using(openSync(leaf.path, O_PATH | O_NOFOLLOW), leaf, (_, stats) => stats));

  function open(names: readonly string[], how: OpenHow, bounds: FileBounds): FileHandle {
    if (names.length === 0) return openRoot(how, bounds);
    const found = orAbsent(() => tree.opened(names, 'not-a-file', O_PATH, (path, stats) => reopen(path, stats, how)));
    if (found === undefined) {
      if (!how.create) throw new PosixRefusal('no-entry');
      return create(names, how, bounds);
    }
    const { descriptor, size } = found;
    if (!how.truncate) return handleOf(descriptor, bounds);
    const handle = handleOf(descriptor, bounds, { truncated: true });
    try {
      quota.within({ bytes: -size, files: 0 }, () => ftruncateSync(descriptor, 0));
      return handle;
    } catch (error) {
      handle.close();
      throw error;
    }
  }

  function openRoot(how: OpenHow, bounds: FileBounds): FileHandle {
    if (how.create && how.exclusive) throw new PosixRefusal('exist');
    if (how.read || changes(how)) throw new PosixRefusal('is-directory');
    return handleOf(openSync(descriptorPath(directories.hold([])), O_PATH), bounds);
  }

  function create(names: readonly string[], how: OpenHow, bounds: FileBounds): FileHandle {
    const leaf = tree.leafOf(names, 'forbidden');
    const flags = modeOf(how) | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY;
    const descriptor = quota.within({ bytes: 0, files: 1 }, () => {
      try {
        return openSync(leaf.path, flags, FILE_MODE);
      } catch (error) {
        // Somebody made it since it was looked for: what it is was not looked at.
        throw errnoOf(error) === 'EEXIST' && !how.exclusive ? new PosixRefusal('busy') : error;
      }
    });
    const handle = handleOf(descriptor, bounds, { created: true });
    if (bounds.sync) syncDirectory(leaf.folder());
    return handle;
  }

  function status(names: readonly string[]) {
    if (names.length === 0) return statusOf(directories.hold(names));
    return tree.opened(names, 'not-found', O_PATH, (descriptor) => statusOf(descriptor));
  }

  function removeFile(names: readonly string[]): void {
    const leaf = tree.leafOf(names, 'forbidden');
    const stats = look(leaf);
    if (stats === undefined) throw new PosixRefusal('no-entry');
    if (stats.isDirectory()) throw new PosixRefusal('is-directory');
    if (!stats.isFile() && !stats.isSymbolicLink()) throw new PosixRefusal('not-permitted');
    quota.within({ bytes: -stats.size, files: -1 }, () => unlinkSync(leaf.path));
  }

  function removeDirectory(names: readonly string[]): void {
    const leaf = tree.leafOf(names, 'forbidden');
    const stats = look(leaf);
    if (stats === undefined) throw new PosixRefusal('no-entry');
    if (!stats.isDirectory()) throw new PosixRefusal('not-directory');
    quota.within({ bytes: 0, files: -1 }, () => removeEmpty(leaf.path));
  }

  function rename(source: readonly string[], target: readonly string[]): void {
    const from = tree.leafOf(source, 'forbidden');
    const name = target.at(-1);
    const isSibling = name !== undefined && keyOf(target) === from.directory;
    const to = isSibling ? leafIn(from.folder(), from.directory, name) : tree.leafOf(target, 'forbidden');
    const moved = look(from);
    if (moved === undefined) throw new PosixRefusal('no-entry');
    const replaced = look(to);
    checkMoved(moved);
    if (replaced !== undefined) checkReplaced(replaced);
    if (replaced?.ino === moved.ino) return; // one file, as POSIX wants it
    const growth = { bytes: -(replaced?.size ?? 0), files: replaced === undefined ? 0 : -1 };
    quota.within(growth, () => renameSync(from.path, to.path));
  }

  function moveDirectory(source: readonly string[], target: readonly string[]): void {
    const from = tree.leafOf(source, 'forbidden');
    if (look(from)?.isDirectory() !== true) throw new PosixRefusal('not-directory');
    const to = tree.leafOf(target, 'forbidden');
    const replaced = look(to);
    if (replaced?.isDirectory() === true) sweepTemporaryFiles(to.path);
    // Held again: to hold the other one may have let go of it.
    const { path } = tree.leafOf(source, 'forbidden');
    quota.within({ bytes: 0, files: replaced === undefined ? 0 : -1 }, () => renameSync(path, to.path));
  }

  function symbolicLink(names: readonly string[], target: string): void {
    if (names.length === 0) throw new PosixRefusal('exist');
    // What the target leads to over other links must lie in the tree as well. Looked at first: it holds directories.
    resolveLinks(directories, [...names.slice(0, -1), ...target.split('/')], 'follow');
    const { path } = tree.leafOf(names, 'already-exists');
    quota.within({ bytes: Buffer.byteLength(target), files: 1 }, () => symlinkSync(target, path));
  }

  function readLink(names: readonly string[]): string {
    const leaf = tree.leafOf(names, 'forbidden');
    if (look(leaf)?.isSymbolicLink() === false) throw new PosixRefusal('invalid');
    const target = readlinkSync(leaf.path, { encoding: 'buffer' });
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(target);
    } catch {
      throw new PosixRefusal('illegal-byte-sequence');
    }
  }

  return Object.freeze({
    open: (names: readonly string[], how: OpenHow, bounds: FileBounds) => attemptPosix(() => open(names, how, bounds)),
    status: (names: readonly string[]) => attemptPosix(() => status(names)),
    list: (names: readonly string[], options: ListOptions) => attemptPosix(() => list(names, options)),
    makeDirectory: (names: readonly string[]) =>
      donePosix(() => {
        const { path } = tree.leafOf(names, 'already-exists');
        quota.within({ bytes: 0, files: 1 }, () => mkdirSync(path, DIRECTORY_MODE));
      }),
    removeFile: (names: readonly string[]) => donePosix(() => removeFile(names)),
    removeDirectory: (names: readonly string[]) => donePosix(() => removeDirectory(names)),
    rename: (source: readonly string[], target: readonly string[]) => donePosix(() => rename(source, target)),
    namesBelow: (names: readonly string[], options: BelowOptions) =>
      attemptPosix(() => namesBelow(names, options, { tree, list })),
    moveDirectory: (source: readonly string[], target: readonly string[]) =>
      donePosix(() => moveDirectory(source, target)),
    setTimes: (names: readonly string[], accessed: NewTime, modified: NewTime) =>
      donePosix(() =>
        tree.opened(names, 'forbidden', O_PATH, (descriptor, stats) => {
          checkChangeable(stats);
          applyTimes(descriptor, accessed, modified);
        }),
      ),
    symbolicLink: (names: readonly string[], target: string) => donePosix(() => symbolicLink(names, target)),
    readLink: (names: readonly string[]) => attemptPosix(() => readLink(names)),
  });
}

interface Reopened {
  readonly descriptor: number;
  readonly size: number;
}

/** Opens an object that was looked at: a device or pipe that took its name meanwhile is never touched. */
function reopen(path: number, stats: Stats, how: OpenHow): Reopened {
  if (how.create && how.exclusive) throw new PosixRefusal('exist');
  if (stats.isSymbolicLink()) throw new PosixRefusal('link');
  if (!how.read && !changes(how)) return { descriptor: openSync(descriptorPath(path), O_PATH), size: 0 };
  if (stats.isDirectory()) throw new PosixRefusal('is-directory');
  if (!stats.isFile()) throw new PosixRefusal('not-permitted');
  if (changes(how)) checkChangeable(stats);
  return { descriptor: openSync(descriptorPath(path), modeOf(how) | O_NONBLOCK | O_NOCTTY), size: stats.size };
}

const changes = ({ write, create, truncate }: OpenHow): boolean => write || create || truncate;

function modeOf({ read, write }: OpenHow): number {
  if (write) return read ? O_RDWR : O_WRONLY;
  return O_RDONLY;
}

function checkChangeable(stats: Stats): void {
  // CWE-62: another name of the same file may lie where this agent has no right.
  if (!stats.isDirectory() && stats.nlink > 1) throw new PosixRefusal('forbidden');
  if (stats.isSymbolicLink()) throw new PosixRefusal('link');
  if (!stats.isFile() && !stats.isDirectory()) throw new PosixRefusal('not-permitted');
}

function checkMoved(stats: Stats): void {
  // All names below would change with it, and nobody has decided on those: programs then copy it file by file.
  if (stats.isDirectory()) throw new PosixRefusal('cross-device');
  // What a link of that other name makes of the names after it was not decided either.
  if (stats.isSymbolicLink()) throw new PosixRefusal('not-permitted');
  checkNamed(stats);
}

function checkReplaced(stats: Stats): void {
  if (stats.isDirectory()) throw new PosixRefusal('is-directory');
  checkNamed(stats);
}

function checkNamed(stats: Stats): void {
  if (stats.nlink > 1) throw new PosixRefusal('forbidden');
  if (!stats.isFile() && !stats.isSymbolicLink()) throw new PosixRefusal('not-permitted');
}

/** Removes an empty directory; what a killed write has left in it does not keep it. */
export function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY') throw error;
    sweepTemporaryFiles(path);
    rmdirSync(path);
  }
}
