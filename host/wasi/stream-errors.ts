import { sealInterface, throwWit, type HostInterface } from '../contracts/guest-import.ts';
import { createSlots } from './slots.ts';
import type { StreamFailure } from './stream-failure.ts';

/** All that a guest reads of a failure: what is behind it, it asks the interface of its kind. */
const DEBUG_TEXT = 'the last operation on the stream failed';

/** `wasi:io/error`, and how a failure becomes one. */
export interface StreamErrors {
  readonly interface: HostInterface;
  /** Throws `last-operation-failed` with a new error resource. */
  readonly fail: (failure: StreamFailure) => never;
  /** What is behind an error resource that a guest holds. */
  readonly failureBehind: (error: object) => StreamFailure;
}

type LastOperationFailed = { readonly tag: 'last-operation-failed'; readonly val: object };

/** Makes the error resources of one run. */
export function createStreamErrors(trap: (message: string) => never): StreamErrors {
  const failures = createSlots<StreamFailure>(trap);

  class Error {
    toDebugString(): string {
      failures.of(this);
      return DEBUG_TEXT;
    }
    [Symbol.dispose](): void {
      failures.release(this);
    }
  }

  return Object.freeze({
    interface: sealInterface({ Error }),
    fail: (failure: StreamFailure): never =>
      throwWit({
        tag: 'last-operation-failed',
        val: failures.hold(new Error(), failure),
      } satisfies LastOperationFailed),
    failureBehind: (error: object) => failures.of(error),
  });
}
