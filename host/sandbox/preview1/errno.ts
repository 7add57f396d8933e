import type { FilesystemError } from './wasi-types.ts';

/** `errno` of `wasi_snapshot_preview1`: those that a function here may answer. */
export const ERRNO = Object.freeze({
  success: 0,
  acces: 2,
  again: 6,
  already: 7,
  badf: 8,
  busy: 10,
  deadlk: 16,
  dquot: 19,
  exist: 20,
  fbig: 22,
  ilseq: 25,
  inprogress: 26,
  intr: 27,
  inval: 28,
  io: 29,
  isdir: 31,
  loop: 32,
  mfile: 33,
  mlink: 34,
  msgsize: 35,
  nametoolong: 37,
  nodev: 43,
  noent: 44,
  nolck: 46,
  nomem: 48,
  nospc: 51,
  nosys: 52,
  notdir: 54,
  notempty: 55,
  notrecoverable: 56,
  notsock: 57,
  notsup: 58,
  notty: 59,
  nxio: 60,
  overflow: 61,
  perm: 63,
  pipe: 64,
  rofs: 69,
  spipe: 70,
  txtbsy: 74,
  xdev: 75,
  notcapable: 76,
});

export type ErrnoName = keyof typeof ERRNO;

const OF_FILESYSTEM: ReadonlyMap<unknown, ErrnoName> = new Map(
  Object.entries({
    access: 'acces',
    'would-block': 'again',
    already: 'already',
    'bad-descriptor': 'badf',
    busy: 'busy',
    deadlock: 'deadlk',
    quota: 'dquot',
    exist: 'exist',
    'file-too-large': 'fbig',
    'illegal-byte-sequence': 'ilseq',
    'in-progress': 'inprogress',
    interrupted: 'intr',
    invalid: 'inval',
    io: 'io',
    'is-directory': 'isdir',
    loop: 'loop',
    'too-many-links': 'mlink',
    'message-size': 'msgsize',
    'name-too-long': 'nametoolong',
    'no-device': 'nodev',
    'no-entry': 'noent',
    'no-lock': 'nolck',
    'insufficient-memory': 'nomem',
    'insufficient-space': 'nospc',
    'not-directory': 'notdir',
    'not-empty': 'notempty',
    'not-recoverable': 'notrecoverable',
    unsupported: 'notsup',
    'no-tty': 'notty',
    'no-such-device': 'nxio',
    overflow: 'overflow',
    'not-permitted': 'perm',
    pipe: 'pipe',
    'read-only': 'rofs',
    'invalid-seek': 'spipe',
    'text-file-busy': 'txtbsy',
    'cross-device': 'xdev',
  } as const satisfies Record<FilesystemError, ErrnoName>),
);

/** Thrown where a function answers an error; it is no `Error`, because nobody looks at its stack. */
export class Failure {
  readonly errno: ErrnoName;

  constructor(errno: ErrnoName) {
    this.errno = errno;
  }
}

export function fail(errno: ErrnoName): never {
  throw new Failure(errno);
}

/** The `errno` for the declared error of a WASI 0.2 function; `undefined` for what is none. */
export function errnoOf(
  payload: unknown,
  filesystemErrorCode: (error: object) => FilesystemError | undefined,
): ErrnoName | undefined {
  if (typeof payload === 'string') return OF_FILESYSTEM.get(payload);
  if (isClosed(payload)) return 'pipe';
  if (typeof payload !== 'object' || payload === null || !('tag' in payload)) return undefined;
  if (payload.tag !== 'last-operation-failed' || !('val' in payload)) return undefined;
  const { val } = payload;
  if (typeof val !== 'object' || val === null) return undefined;
  return OF_FILESYSTEM.get(filesystemErrorCode(val)) ?? 'io';
}

/** The `closed` of `stream-error`. */
export function isClosed(payload: unknown): boolean {
  return typeof payload === 'object' && payload !== null && 'tag' in payload && payload.tag === 'closed';
}
