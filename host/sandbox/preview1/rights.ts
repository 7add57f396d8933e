/** `rights` of `wasi_snapshot_preview1`. They narrow what a program may do to itself; the policy decides what it may do. */
export const RIGHT = Object.freeze({
  fdDatasync: 1n << 0n,
  fdRead: 1n << 1n,
  fdSeek: 1n << 2n,
  fdFdstatSetFlags: 1n << 3n,
  fdSync: 1n << 4n,
  fdTell: 1n << 5n,
  fdWrite: 1n << 6n,
  fdAdvise: 1n << 7n,
  fdAllocate: 1n << 8n,
  pathCreateDirectory: 1n << 9n,
  pathCreateFile: 1n << 10n,
  pathLinkSource: 1n << 11n,
  pathLinkTarget: 1n << 12n,
  pathOpen: 1n << 13n,
  fdReaddir: 1n << 14n,
  pathReadlink: 1n << 15n,
  pathRenameSource: 1n << 16n,
  pathRenameTarget: 1n << 17n,
  pathFilestatGet: 1n << 18n,
  pathFilestatSetTimes: 1n << 20n,
  fdFilestatGet: 1n << 21n,
  fdFilestatSetSize: 1n << 22n,
  fdFilestatSetTimes: 1n << 23n,
  pathSymlink: 1n << 24n,
  pathRemoveDirectory: 1n << 25n,
  pathUnlinkFile: 1n << 26n,
  pollFdReadwrite: 1n << 27n,
});

const R = RIGHT;

/** What can be done with an open file. */
const FILE =
  R.fdDatasync |
  R.fdRead |
  R.fdSeek |
  R.fdFdstatSetFlags |
  R.fdSync |
  R.fdTell |
  R.fdWrite |
  R.fdAdvise |
  R.fdAllocate |
  R.fdFilestatGet |
  R.fdFilestatSetSize |
  R.fdFilestatSetTimes |
  R.pollFdReadwrite;

/** What can be done with a directory. `path_filestat_set_size` is not among it: no function asks for it. */
const DIRECTORY =
  R.fdDatasync |
  R.fdSync |
  R.pathCreateDirectory |
  R.pathCreateFile |
  R.pathLinkSource |
  R.pathLinkTarget |
  R.pathOpen |
  R.fdReaddir |
  R.pathReadlink |
  R.pathRenameSource |
  R.pathRenameTarget |
  R.pathFilestatGet |
  R.pathFilestatSetTimes |
  R.fdFilestatGet |
  R.fdFilestatSetTimes |
  R.pathSymlink |
  R.pathRemoveDirectory |
  R.pathUnlinkFile;

const STDIO = R.fdFdstatSetFlags | R.fdFilestatGet | R.pollFdReadwrite;

export interface Rights {
  readonly base: bigint;
  /** The most that a descriptor gets which is opened through this one. */
  readonly inheriting: bigint;
}

export const PREOPEN_RIGHTS: Rights = Object.freeze({ base: DIRECTORY, inheriting: DIRECTORY | FILE });
export const STDIN_RIGHTS: Rights = Object.freeze({ base: STDIO | R.fdRead, inheriting: 0n });
export const OUTPUT_RIGHTS: Rights = Object.freeze({ base: STDIO | R.fdWrite, inheriting: 0n });

export const has = (rights: bigint, right: bigint): boolean => (rights & right) === right;

/**
 * Rights of what is opened through `parent` with `wanted`. Reading and writing are had only if they were asked for; other
 * rights that fit the object come with it, because programs and libraries ask for too few of them or for all that
 * exist. What the parent has given up does not come back.
 */
export function openedRights(parent: Rights, wanted: bigint, isDirectory: boolean): Rights {
  const { inheriting } = parent;
  if (isDirectory) return { base: DIRECTORY & inheriting, inheriting };
  let base = FILE & inheriting;
  if (!has(wanted, R.fdRead)) base &= ~R.fdRead;
  if (!has(wanted, R.fdWrite)) base &= ~(R.fdWrite | R.fdAllocate | R.fdFilestatSetSize);
  return { base, inheriting: base };
}

/** Whether `wanted` has no right that `held` lacks. */
export const within = (wanted: Rights, held: Rights): boolean =>
  has(held.base, wanted.base) && has(held.inheriting, wanted.inheriting);
