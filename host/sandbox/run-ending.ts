import type { GuestEnd } from '../contracts/run-end.ts';

/** The one end of a run: the first word counts. From then on the guest reaches nothing. */
export interface RunEnding {
  /** Ends the run while the guest may still be running. */
  end(end: GuestEnd): void;
  /** The guest is done: `end` counts if nothing ended the run before. Returns what counts. */
  close(end: GuestEnd): GuestEnd;
  readonly ended: () => GuestEnd | undefined;
  readonly whenEnded: Promise<GuestEnd>;
}

/** `onEnd` is called at once by `end`, before the guest gets the thread back. */
export function createRunEnding(onEnd: (end: GuestEnd) => void): RunEnding {
  const { promise, resolve } = Promise.withResolvers<GuestEnd>();
  let current: GuestEnd | undefined;
  return Object.freeze({
    whenEnded: promise,
    ended: () => current,
    end(end: GuestEnd): void {
      if (current !== undefined) return;
      current = end;
      resolve(end);
      onEnd(end);
    },
    close: (end: GuestEnd): GuestEnd => (current ??= end),
  });
}
