import type { FsFailure } from '../gates/fs/files.ts';
import type { PosixFailure, PosixResult } from '../gates/fs/posix-files.ts';
import { errnoOf, FileRefusal } from './file-refusal.ts';

/** Ends an operation with an error of POSIX. Never leaves this folder. */
export class PosixRefusal extends Error {
  override readonly name = 'PosixRefusal';
  readonly failure: PosixFailure;

  constructor(failure: PosixFailure) {
    super(failure);
    this.failure = failure;
  }
}

/** What the refusals mean of what both views of the files use. Room is only refused so by the quota of a mount. */
const REFUSALS: Readonly<Record<FsFailure | 'forbidden', PosixFailure>> = {
  'not-found': 'no-entry',
  'already-exists': 'exist',
  'not-a-file': 'not-permitted',
  'not-a-directory': 'not-directory',
  'not-empty': 'not-empty',
  'read-only': 'read-only',
  'too-large': 'file-too-large',
  'no-space': 'quota',
  forbidden: 'forbidden',
};

const ERRORS: ReadonlyMap<unknown, PosixFailure> = new Map<string, PosixFailure>([
  ['ENOENT', 'no-entry'],
  ['ENAMETOOLONG', 'name-too-long'],
  ['EEXIST', 'exist'],
  ['ELOOP', 'link'], // links are not followed
  ['EISDIR', 'is-directory'],
  ['ENOTDIR', 'not-directory'],
  ['ENOTEMPTY', 'not-empty'],
  ['EROFS', 'read-only'],
  ['EFBIG', 'file-too-large'],
  ['ENOSPC', 'insufficient-space'],
  ['EMLINK', 'insufficient-space'],
  ['EDQUOT', 'quota'],
  ['EINVAL', 'invalid'],
  ['EACCES', 'forbidden'],
  ['EPERM', 'forbidden'],
  ['EBUSY', 'busy'],
  ['ETXTBSY', 'busy'],
  ['EMFILE', 'busy'],
  ['ENFILE', 'busy'],
  ['ENXIO', 'not-permitted'], // a socket, or a pipe that nobody reads
  ['EXDEV', 'cross-device'],
]);

/** The value, or the error of POSIX. What no call of the system said is thrown on: it is a fault of the host. */
export function attemptPosix<Value>(act: () => Value): PosixResult<Value> {
  try {
    return { ok: true, value: act() };
  } catch (error) {
    return { ok: false, failure: failureOf(error) };
  }
}

function failureOf(error: unknown): PosixFailure {
  if (error instanceof PosixRefusal) return error.failure;
  if (error instanceof FileRefusal) return REFUSALS[error.failure];
  const known = ERRORS.get(errnoOf(error));
  if (known !== undefined) return known;
  if (error instanceof Error && 'syscall' in error) return 'io';
  throw error;
}

/** The same for an effect without a value. */
export const donePosix = (act: () => void): PosixResult<undefined> =>
  attemptPosix(() => {
    act();
    return undefined;
  });
