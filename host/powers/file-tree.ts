import {
  accessSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
  type Stats,
} from 'node:fs';
import type { Random } from '../contracts/powers.ts';
import type { AppendOptions, FileListing, FileMetadata, FileResult, FileTree, ListOptions } from '../gates/fs/files.ts';
import type { ByteRange } from '../gates/fs/request.ts';
import { descriptorPath, O_PATH } from './descriptor-path.ts';
import { createDirectoryLister, kindOf } from './directory-listing.ts';
import { appendAll, closing, createPartReader, syncDirectory, writeAll } from './file-contents.ts';
import { attempt, done, FileRefusal, orAbsent } from './file-refusal.ts';
import type { HeldDirectories } from './held-directories.ts';
import { resolveLinks } from './link-resolution.ts';
import type { MountQuota } from './mount-quota.ts';
import type { AliasWatch } from './name-aliases.ts';
import type { StatusOf } from './object-status.ts';
import { createPosixTree, removeEmpty } from './posix-tree.ts';
import { sweepTemporaryFiles, temporaryName } from './temporary-files.ts';
import { createTreeNames, keyOf, leafIn, type Leaf } from './tree-names.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;
const MOST_SWEPT = 4096;

/** What the files of one mount are reached with. */
export interface FileTreeParts {
  readonly directories: HeldDirectories;
  readonly aliases: AliasWatch;
  readonly quota: MountQuota;
  readonly random: Random;
  readonly statusOf: StatusOf;
}

/** The files below one directory. */
export function createFileTree({ directories, aliases, quota, random, statusOf }: FileTreeParts): FileTree {
  const lister = createDirectoryLister();
  const readPart = createPartReader();
  const tree = createTreeNames(directories, aliases);
  const { leafOf, using, opened, nameOf } = tree;
  const swept = new Set<string>();

  function list(names: readonly string[], options: ListOptions): FileListing {
    const descriptor = directories.hold(names);
    const name = names.at(-1);
    if (name !== undefined && aliases.hasAlias(nameOf(names, name), fstatSync(descriptor)))
      throw new FileRefusal('forbidden');
    return lister.page(names.join('/'), descriptor, options);
  }

  /** Facts of a file that may be changed; `undefined` where there is nothing. */
  const changeable = (leaf: Leaf): Stats | undefined =>
    orAbsent(() =>
      using(openSync(leaf.path, O_PATH | O_NOFOLLOW), leaf, (descriptor, stats) => {
        checkChangeable(stats);
        accessSync(descriptorPath(descriptor), constants.W_OK);
        return stats;
      }),
    );

  /** Once in a run and directory: what killed writes have left. */
  function tidy({ directory, folder }: Leaf): void {
    if (swept.has(directory) || swept.size >= MOST_SWEPT) return;
    swept.add(directory);
    sweepTemporaryFiles(folder());
  }

  function write(names: readonly string[], contents: Uint8Array, sync: boolean): void {
    const leaf = leafOf(names, 'not-a-file');
    const folder = leaf.folder();
    const known = changeable(leaf);
    tidy(leaf);
    const growth = { bytes: contents.length - (known?.size ?? 0), files: known === undefined ? 1 : 0 };
    quota.within(growth, () => {
      const temporary = `${folder}/${temporaryName(random)}`;
      const descriptor = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
      try {
        closing(descriptor, () => {
          writeAll(descriptor, contents);
          if (known !== undefined) fchmodSync(descriptor, known.mode & 0o777);
          if (sync) fsyncSync(descriptor);
        });
        renameSync(temporary, leaf.path);
      } catch (error) {
        orAbsent(() => unlinkSync(temporary));
        throw error;
      }
    });
    if (sync) syncDirectory(folder);
  }

  function append(names: readonly string[], contents: Uint8Array, options: AppendOptions): void {
    // The object that was looked at is the one that is opened: a device or pipe that took its name is never touched.
    const found = orAbsent(() =>
      opened(names, 'not-a-file', O_PATH, (descriptor, stats) => {
        checkChangeable(stats);
        return openSync(descriptorPath(descriptor), O_WRONLY | O_APPEND | O_NONBLOCK);
      }),
    );
    if (found === undefined) createWith(names, contents, options);
    else closing(found, (descriptor) => grow(descriptor, contents, options));
  }

  function grow(descriptor: number, contents: Uint8Array, { sync, mostBytes }: AppendOptions): void {
    const { size } = fstatSync(descriptor);
    if (size + contents.length > mostBytes) throw new FileRefusal('too-large');
    quota.within({ bytes: contents.length, files: 0 }, () => appendAll(descriptor, size, contents));
    if (sync) fsyncSync(descriptor);
  }

  function createWith(names: readonly string[], contents: Uint8Array, { sync, mostBytes }: AppendOptions): void {
    if (contents.length > mostBytes) throw new FileRefusal('too-large');
    const { path } = leafOf(names, 'not-a-file');
    quota.within({ bytes: contents.length, files: 1 }, () => {
      closing(openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_APPEND, FILE_MODE), (descriptor) => {
        try {
          appendAll(descriptor, 0, contents);
        } catch (error) {
          orAbsent(() => unlinkSync(path));
          throw error;
        }
        if (sync) fsyncSync(descriptor);
      });
    });
  }

  function remove(names: readonly string[]): void {
    const { path, ...leaf } = leafOf(names, 'forbidden');
    const { kind, size } = using(openSync(path, O_PATH | O_NOFOLLOW), leaf, (_, stats) => metadataOf(stats));
    if (kind === 'other') throw new FileRefusal('not-a-file');
    quota.within({ bytes: -size, files: -1 }, () => {
      if (kind === 'file') unlinkSync(path);
      else removeEmpty(path);
    });
  }

  function rename(source: readonly string[], target: readonly string[]): void {
    const from = leafOf(source, 'not-a-file');
    const name = target.at(-1);
    const isSibling = name !== undefined && keyOf(target) === from.directory;
    const to = isSibling ? leafIn(from.folder(), from.directory, name) : leafOf(target, 'not-a-file');
    if (changeable(from) === undefined) throw new FileRefusal('not-found');
    const replaced = changeable(to);
    const growth = { bytes: -(replaced?.size ?? 0), files: replaced === undefined ? 0 : -1 };
    quota.within(growth, () => renameSync(from.path, to.path));
  }

  return Object.freeze({
    read: (names: readonly string[], range: ByteRange | undefined, mostBytes: number): FileResult<Uint8Array> =>
      attempt(() =>
        opened(names, 'not-a-file', O_RDONLY | O_NONBLOCK | O_NOCTTY, (descriptor, stats) => {
          if (!stats.isFile()) throw new FileRefusal('not-a-file');
          const offset = range?.offset ?? 0;
          const length = Math.max(0, Math.min(range?.length ?? Infinity, stats.size - offset));
          if (length > mostBytes) throw new FileRefusal('too-large');
          return readPart(descriptor, offset, length);
        }),
      ),
    write: (names: readonly string[], contents: Uint8Array, { sync }: { readonly sync: boolean }) =>
      done(() => write(names, contents, sync)),
    append: (names: readonly string[], contents: Uint8Array, options: AppendOptions) =>
      done(() => append(names, contents, options)),
    list: (names: readonly string[], options: ListOptions) => attempt(() => list(names, options)),
    stat: (names: readonly string[]) =>
      attempt(() => {
        if (names.length === 0) return metadataOf(fstatSync(directories.hold(names)));
        return opened(names, 'not-found', O_PATH, (_, stats) => metadataOf(stats));
      }),
    makeDirectory: (names: readonly string[]) =>
      done(() => {
        const { path } = leafOf(names, 'already-exists');
        quota.within({ bytes: 0, files: 1 }, () => mkdirSync(path, DIRECTORY_MODE));
      }),
    remove: (names: readonly string[]) => done(() => remove(names)),
    rename: (source: readonly string[], target: readonly string[]) => done(() => rename(source, target)),
    resolve: (names: readonly string[], last: 'follow' | 'keep') =>
      attempt(() => resolveLinks(directories, names, last)),
    posix: createPosixTree({ directories, tree, quota, statusOf, list }),
    close: () => directories.close(),
  });
}

function checkChangeable(stats: Stats): void {
  if (!stats.isFile()) throw new FileRefusal('not-a-file');
  // CWE-62: another name of the same file may lie where this agent has no right.
  if (stats.nlink > 1) throw new FileRefusal('forbidden');
}

function metadataOf(stats: Stats): FileMetadata {
  const kind = kindOf(stats);
  return { kind, size: kind === 'file' ? stats.size : 0, modifiedMs: Math.max(0, Math.floor(stats.mtimeMs)) };
}
