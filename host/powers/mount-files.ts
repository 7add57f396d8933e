import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  statfsSync,
  unlinkSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { HostError } from '../contracts/errors.ts';
import type { AppendOptions, FileResult, FileTree, ListOptions, MountFiles } from '../gates/fs/driver.ts';
import type { ByteRange } from '../gates/fs/request.ts';
import { createDirectoryLister, kindOf } from './directory-listing.ts';
import { attempt, errnoOf, FileRefusal } from './file-refusal.ts';
import { createHeldDirectories, descriptorPath, O_PATH, type HeldDirectories } from './held-directories.ts';
import type { Random } from '../contracts/powers.ts';

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

/** File systems (`statfs` types) that compare names without regard to case, or whose files are not files. */
const UNFIT_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x4d44, 'FAT'],
  [0x2011bab0, 'exFAT'],
  [0x5346544e, 'NTFS'],
  [0x7366746e, 'NTFS'],
  [0x4244, 'HFS'],
  [0x482b, 'HFS+'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x9fa0, 'proc'],
  [0x62656572, 'sysfs'],
  [0x1cd1, 'devpts'],
  [0x64626720, 'debugfs'],
  [0x74726163, 'tracefs'],
  [0x27e0eb, 'cgroup'],
  [0x63677270, 'cgroup'],
]);

/** The directories of this machine, reached without following anything that another process can exchange. */
export function createMountFiles(random: Random): MountFiles {
  return Object.freeze({
    open(directory: string): FileTree {
      const root = openRoot(directory);
      try {
        checkRoot(root, directory);
        return createTree(createHeldDirectories(root, directory), random);
      } catch (error) {
        closeSync(root);
        throw error;
      }
    },
  });
}

function openRoot(directory: string): number {
  if (process.platform !== 'linux' || !existsSync('/proc/self/fd')) {
    throw new HostError(
      'ERR_PLATFORM',
      'mounts need Linux with `/proc`: without it a path can be exchanged between check and use',
    );
  }
  try {
    return openSync(directory, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  } catch (cause) {
    throw new HostError('ERR_CONFIG_INVALID', `the directory \`${directory}\` of a mount cannot be opened`, { cause });
  }
}

function checkRoot(root: number, directory: string): void {
  if (readlinkSync(descriptorPath(root)) !== directory) {
    throw new HostError(
      'ERR_CONFIG_INVALID',
      `the directory \`${directory}\` of a mount leads elsewhere than its name says`,
    );
  }
  const unfit = UNFIT_FILE_SYSTEMS.get(statfsSync(descriptorPath(root)).type);
  if (unfit !== undefined) {
    throw new HostError(
      'ERR_PLATFORM',
      `the directory \`${directory}\` of a mount is on ${unfit}, where one file can have two names`,
    );
  }
}

function createTree(directories: HeldDirectories, random: Random): FileTree {
  const lister = createDirectoryLister();
  const { device } = directories;

  /** The path of a name in its parent's descriptor. The root has none. */
  function leafOf(names: readonly string[], onRoot: FileRefusal['failure']): string {
    const name = names.at(-1);
    if (name === undefined) throw new FileRefusal(onRoot);
    return `${descriptorPath(directories.hold(names.slice(0, -1)))}/${name}`;
  }

  function opened<Value>(path: string, flags: number, act: (descriptor: number, stats: Stats) => Value): Value {
    const descriptor = openSync(path, flags | O_NOFOLLOW);
    try {
      const stats = fstatSync(descriptor);
      if (stats.dev !== device) throw new FileRefusal('forbidden');
      return act(descriptor, stats);
    } finally {
      closeSync(descriptor);
    }
  }

  /** Facts of a file that may be changed; `undefined` where there is nothing. */
  function changeable(path: string): Stats | undefined {
    return orAbsent(() =>
      opened(path, O_PATH, (descriptor, stats) => {
        if (!stats.isFile()) throw new FileRefusal('not-a-file');
        // CWE-62: another name of the same file may lie where this agent has no right.
        if (stats.nlink > 1) throw new FileRefusal('forbidden');
        accessSync(descriptorPath(descriptor), constants.W_OK);
        return stats;
      }),
    );
  }

  function write(names: readonly string[], contents: Uint8Array, sync: boolean): void {
    const path = leafOf(names, 'not-a-file');
    const known = changeable(path);
    const folder = path.slice(0, path.lastIndexOf('/'));
    const temporary = `${folder}/.sallyport-${Buffer.from(random.bytes(12)).toString('hex')}.tmp`;
    const descriptor = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
    try {
      try {
        writeAll(descriptor, contents);
        if (known !== undefined) fchmodSync(descriptor, known.mode & 0o777);
        if (sync) fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(temporary, path);
    } catch (error) {
      orAbsent(() => unlinkSync(temporary));
      throw error;
    }
    if (sync) syncDirectory(folder);
  }

  function append(names: readonly string[], contents: Uint8Array, options: AppendOptions): void {
    const path = leafOf(names, 'not-a-file');
    const grow = (descriptor: number): void => {
      if (fstatSync(descriptor).size + contents.length > options.mostBytes) throw new FileRefusal('too-large');
      writeAll(descriptor, contents);
      if (options.sync) fsyncSync(descriptor);
    };
    if (changeable(path) === undefined) {
      const made = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_APPEND, FILE_MODE);
      closing(made, grow);
      return;
    }
    // The object that was looked at is the one that is opened: a device or pipe that took its name is never touched.
    opened(path, O_PATH, (leaf, stats) => {
      if (!stats.isFile()) throw new FileRefusal('not-a-file');
      if (stats.nlink > 1) throw new FileRefusal('forbidden');
      closing(openSync(descriptorPath(leaf), O_WRONLY | O_APPEND | O_NONBLOCK), grow);
    });
  }

  return Object.freeze({
    read: (names: readonly string[], range: ByteRange | undefined, mostBytes: number): FileResult<Uint8Array> =>
      attempt(() =>
        opened(leafOf(names, 'not-a-file'), O_RDONLY | O_NONBLOCK | O_NOCTTY, (descriptor, stats) => {
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
    list: (names: readonly string[], options: ListOptions) =>
      attempt(() => lister.page(names.join('/'), directories.hold(names), options)),
    stat: (names: readonly string[]) =>
      attempt(() => {
        if (names.length === 0) return metadataOf(fstatSync(directories.hold(names)));
        return opened(leafOf(names, 'not-found'), O_PATH, (_, stats) => metadataOf(stats));
      }),
    makeDirectory: (names: readonly string[]) => done(() => mkdirSync(leafOf(names, 'already-exists'), DIRECTORY_MODE)),
    remove: (names: readonly string[]) =>
      done(() => {
        const path = leafOf(names, 'forbidden');
        const kind = opened(path, O_PATH, (_, stats) => kindOf(stats));
        if (kind === 'other') throw new FileRefusal('not-a-file');
        if (kind === 'directory') rmdirSync(path);
        else unlinkSync(path);
      }),
    rename: (source: readonly string[], target: readonly string[]) =>
      done(() => {
        const from = leafOf(source, 'not-a-file');
        // One directory is held once: holding it again could close the descriptor that `from` goes through.
        const to = isSibling(source, target) ? siblingOf(from, target) : leafOf(target, 'not-a-file');
        if (changeable(from) === undefined) throw new FileRefusal('not-found');
        changeable(to);
        renameSync(from, to);
      }),
    close: () => directories.close(),
  });
}

const done = (act: () => void): FileResult<undefined> =>
  attempt(() => {
    act();
    return undefined;
  });

function orAbsent<Value>(act: () => Value): Value | undefined {
  try {
    return act();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const isSibling = (one: readonly string[], other: readonly string[]): boolean =>
  other.length > 0 && one.slice(0, -1).join('/') === other.slice(0, -1).join('/');

const siblingOf = (leaf: string, names: readonly string[]): string =>
  `${leaf.slice(0, leaf.lastIndexOf('/'))}/${names.at(-1) ?? ''}`;

function closing(descriptor: number, act: (descriptor: number) => void): void {
  try {
    act(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function metadataOf(stats: Stats): { kind: ReturnType<typeof kindOf>; size: number; modifiedMs: number } {
  const kind = kindOf(stats);
  return { kind, size: kind === 'file' ? stats.size : 0, modifiedMs: Math.max(0, Math.floor(stats.mtimeMs)) };
}

function readPart(descriptor: number, offset: number, length: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(length); // no byte of it is returned that was not read
  let filled = 0;
  while (filled < length) {
    const count = readSync(descriptor, bytes, filled, length - filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return new Uint8Array(bytes.buffer, 0, filled);
}

function writeAll(descriptor: number, contents: Uint8Array): void {
  let written = 0;
  while (written < contents.length)
    written += writeSync(descriptor, contents, written, contents.length - written, null);
}

function syncDirectory(path: string): void {
  closing(openSync(path, O_RDONLY | O_DIRECTORY), fsyncSync);
}
