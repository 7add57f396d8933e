import type { FileResult, FsFailure } from '../gates/fs/files.ts';

/** Ends a file operation with a failure that its caller knows. Never leaves this folder. */
export class FileRefusal extends Error {
  override readonly name = 'FileRefusal';
  readonly failure: FsFailure | 'forbidden';

  constructor(failure: FsFailure | 'forbidden') {
    super(failure);
    this.failure = failure;
  }
}

const FAILURES: ReadonlyMap<unknown, FsFailure | 'forbidden'> = new Map<string, FsFailure | 'forbidden'>([
  ['ENOENT', 'not-found'],
  ['ENAMETOOLONG', 'not-found'],
  ['EEXIST', 'already-exists'],
  ['ELOOP', 'not-a-file'], // a link, and links are not followed
  ['EISDIR', 'not-a-file'],
  ['ENXIO', 'not-a-file'], // a socket, or a pipe that nobody reads
  ['ENOTDIR', 'not-a-directory'],
  ['ENOTEMPTY', 'not-empty'],
  ['EROFS', 'read-only'],
  ['EFBIG', 'too-large'],
  ['ENOSPC', 'no-space'],
  ['EDQUOT', 'no-space'],
  ['EMLINK', 'no-space'],
  ['EACCES', 'forbidden'],
  ['EPERM', 'forbidden'],
  ['EBUSY', 'forbidden'],
  ['ETXTBSY', 'forbidden'],
  ['EXDEV', 'forbidden'],
]);

/** The code of a failed system call. */
export const errnoOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

/** The value, or why the machine did not give it. What is no failure of the world is thrown on. */
export function attempt<Value>(act: () => Value): FileResult<Value> {
  try {
    return { ok: true, value: act() };
  } catch (error) {
    const failure = error instanceof FileRefusal ? error.failure : FAILURES.get(errnoOf(error));
    if (failure === undefined) throw error;
    return { ok: false, failure };
  }
}

/** The same for an effect without a value. */
export const done = (act: () => void): FileResult<undefined> =>
  attempt(() => {
    act();
    return undefined;
  });

/** The value; `undefined` where the name stands for nothing. */
export function orAbsent<Value>(act: () => Value): Value | undefined {
  try {
    return act();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
