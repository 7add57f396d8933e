import { closeSync, constants, fstatSync, opendirSync, openSync, readlinkSync, statfsSync, unlinkSync } from 'node:fs';
import { HostError } from '../contracts/errors.ts';
import type { Random } from '../contracts/powers.ts';
import type { FileTree, MountFiles, MountShape } from '../gates/fs/files.ts';
import { descriptorPath, hasDescriptorPaths, O_PATH } from './descriptor-path.ts';
import { closing } from './file-contents.ts';
import { createFileTree } from './file-tree.ts';
import { createHeldDirectories } from './held-directories.ts';
import { createMountQuota, NO_QUOTA } from './mount-quota.ts';
import { aliasOf, createAliasWatch, lookUp, type LookUp } from './name-aliases.ts';
import { createStatusReader } from './object-status.ts';
import { createOpenat2, type Openat2 } from './openat2.ts';
import type { PathResolution } from './path-resolution.ts';
import { temporaryName } from './temporary-files.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

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

/** How many directories and files a run opens before it looks for `openat2`: looking takes as long as some hundred. */
const WORTH_LOOKING = 64;
const MOST_TRIED = 64;

export interface MountFilesOptions {
  readonly random: Random;
  /** `auto`: `openat2` as soon as it is worth it and where it is there; the others are for tests. */
  readonly resolution?: 'auto' | PathResolution;
  readonly look?: LookUp;
}

/** The directories of this machine, reached without following anything that another process can exchange. */
export function createMountFiles({ random, resolution = 'auto', look = lookUp }: MountFilesOptions): MountFiles {
  const openat2 = createSwitch(resolution);
  const statusOf = createStatusReader(random);
  return Object.freeze({
    open(directory: string, shape: MountShape): FileTree {
      const root = openRoot(directory, resolution !== 'none' && hasDescriptorPaths());
      try {
        checkRoot(root, directory);
        checkNames({ root, directory, shape, random, look });
        return createFileTree({
          directories: createHeldDirectories(root, directory, openat2),
          aliases: createAliasWatch(look),
          quota: shape.quota === undefined ? NO_QUOTA : createMountQuota(root, shape.quota),
          random,
          statusOf,
        });
      } catch (error) {
        closeSync(root);
        throw error;
      }
    },
  });
}

/** Says which way is in force, call by call. */
function createSwitch(resolution: NonNullable<MountFilesOptions['resolution']>): () => Openat2 | undefined {
  let found: Openat2 | undefined;
  let left = resolution === 'auto' ? WORTH_LOOKING : resolution === 'openat2' ? 0 : Infinity;
  return () => {
    if (left === 0) found = createOpenat2();
    if (left >= 0) left -= 1;
    return found;
  };
}

function openRoot(directory: string, isRaceFree: boolean): number {
  if (!isRaceFree) {
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

interface RootToCheck {
  readonly root: number;
  readonly directory: string;
  readonly shape: MountShape;
  readonly random: Random;
  readonly look: LookUp;
}

/** Refuses a directory that folds case or normalises Unicode: shown by a name in it, or by one made for the purpose. */
function checkNames({ root, directory, shape, random, look }: RootToCheck): void {
  const folder = descriptorPath(root);
  const shown = shownBy(folder, look);
  if (shown === 'alias' || (shown === 'unknown' && shape.access === 'rw' && foldsNewName(folder, random, look))) {
    throw new HostError(
      'ERR_PLATFORM',
      `the directory \`${directory}\` of a mount takes two spellings for one name, so rules for one could be passed by the other`,
    );
  }
}

/** What the first names tell, those with more than ASCII before the others: they show normalisation as well. */
function shownBy(folder: string, look: LookUp): ReturnType<typeof aliasOf> {
  const names = namesIn(folder).sort((one, other) => Number(isAscii(one)) - Number(isAscii(other)));
  for (const name of names) {
    const facts = look(`${folder}/${name}`);
    const answer = facts === undefined ? 'unknown' : aliasOf(folder, name, facts, look);
    if (answer !== 'unknown') return answer;
  }
  return 'unknown';
}

const isAscii = (name: string): boolean => Buffer.byteLength(name) === name.length;

function namesIn(folder: string): string[] {
  const names: string[] = [];
  const listing = opendirSync(folder, { bufferSize: MOST_TRIED });
  try {
    for (let entry = listing.readSync(); entry !== null && names.length < MOST_TRIED; entry = listing.readSync())
      names.push(entry.name);
  } finally {
    listing.closeSync();
  }
  return names;
}

function foldsNewName(folder: string, random: Random, look: LookUp): boolean {
  const path = `${folder}/${temporaryName(random)}`;
  let descriptor: number;
  try {
    descriptor = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  } catch {
    return false; // a full disk: each directory is tried again when a file in it is used
  }
  return closing(descriptor, () => {
    try {
      return aliasOf(folder, path.slice(folder.length + 1), fstatSync(descriptor), look) === 'alias';
    } finally {
      unlinkSync(path);
    }
  });
}
