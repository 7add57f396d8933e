import { HostError } from '../contracts/errors.ts';
import type { Pace } from '../policy/steps.ts';

/** What work on files needs: it goes on beside everything else, and may be overtaken. */
export interface NewestFilesOptions<Read> {
  /** A text that changes whenever one of the files is replaced or written. */
  readonly identity: () => string;
  /** Reads them, at once. */
  readonly read: () => Read;
  readonly pace: Pace;
  readonly isClosed: () => boolean;
}

/** What came of the work, and whether the files are not any more what it was done with. */
export interface Worked<Result> {
  readonly result: Result;
  readonly moved: boolean;
}

/** The files change more often than they can be read. */
export const UNSETTLED = 'the files of the policy do not come to rest';

const MOST_READS = 5;
/**
 * So often work begins again because there is something newer. After that it is carried through with what was read: a
 * policy that changes all the time must not stay what it was for ever.
 */
const MOST_RESTARTS = 3;

/** Thrown out of a pause: what is being made is not wanted any more. */
class Overtaken extends Error {}

/** The host was closed: nothing is made any more. */
export class HostClosed extends Error {}

/**
 * Does work on what the files hold now. Where they change before it is done, it is left and begins again with the newest,
 * whether it would have failed or not. `work` gets a pace in whose pauses this is seen; what it does behind its last pause
 * is not undone. Throws what the work throws, and `HostClosed` once the host is closed.
 */
export async function withNewestFiles<Read, Result>(
  { identity, read, pace, isClosed }: NewestFilesOptions<Read>,
  work: (read: Read, pace: Pace) => Promise<Result>,
): Promise<Worked<Result>> {
  for (let restarts = 0; ; restarts += 1) {
    if (isClosed()) throw new HostClosed();
    const before = readAtRest(identity, read);
    const overtaken = (): boolean => restarts < MOST_RESTARTS && identity() !== before.identity;
    const watchful: Pace = {
      clock: pace.clock,
      async pause() {
        await pace.pause();
        if (isClosed()) throw new HostClosed();
        if (overtaken()) throw new Overtaken();
      },
    };
    try {
      if ('error' in before) throw before.error;
      const result = await work(before.read, watchful);
      return { result, moved: identity() !== before.identity };
    } catch (error) {
      if (error instanceof HostClosed || (!(error instanceof Overtaken) && !overtaken())) throw error;
    }
  }
}

/** What the files hold. They must be the same before and after they are read: one may be written in between. */
function readAtRest<Read>(
  identity: () => string,
  read: () => Read,
): { readonly identity: string } & ({ readonly read: Read } | { readonly error: unknown }) {
  for (let attempt = 0; attempt < MOST_READS; attempt += 1) {
    const before = identity();
    let found: { readonly read: Read } | { readonly error: unknown };
    try {
      found = { read: read() };
    } catch (error) {
      found = { error };
    }
    if (identity() === before) return { identity: before, ...found };
  }
  throw new HostError('ERR_POLICY_READ', UNSETTLED);
}
