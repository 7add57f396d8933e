import type { DirectoryWatch, WatchDirectory } from '../powers/directory-watch.ts';
import type { Later } from '../powers/later.ts';

export interface PolicyWatchOptions {
  /** The directories in which the files stand, or their names. */
  readonly directories: () => readonly string[];
  /** A text that changes whenever one of the files is replaced or written. */
  readonly identity: () => string;
  /** The files are at rest and not what they were: called once for each such state. */
  readonly changed: () => void;
  /** They do not come to rest. */
  readonly unsettled: () => void;
  readonly watch: WatchDirectory;
  readonly later: Later;
}

/** After a hint, so long until the files are looked at: many hints come at once. */
const DEBOUNCE_MS = 10;
/** So long the files must be what they are: a file that is being written may well be a policy. */
const STABLE_MS = 25;
/** And so often they may be something else until that is told. */
const MOST_LOOKS = 100;
/** Hints get lost: a directory that was exchanged, a link that leads elsewhere, a network file system. */
const POLL_MS = 500;

/** Follows files until they are at rest in a new state. `watching` begins with the state in which they are. */
export function watchPolicy(options: PolicyWatchOptions): { close(): void } {
  const { identity, changed, unsettled, later } = options;
  let known = identity();
  let seen: string | undefined;
  let looks = 0;
  let closed = false;
  let look: ReturnType<Later> | undefined;
  let poll: ReturnType<Later> | undefined;
  let watches = new Map<string, DirectoryWatch>();

  function hint(): void {
    if (closed || look !== undefined) return;
    look = later(seen === undefined ? DEBOUNCE_MS : STABLE_MS, () => {
      look = undefined;
      settle();
    });
  }

  function settle(): void {
    const now = identity();
    if (now === known) {
      seen = undefined;
      looks = 0;
      return;
    }
    if (now !== seen) {
      seen = now;
      looks += 1;
      if (looks % MOST_LOOKS === 0) unsettled();
      hint();
      return;
    }
    known = now;
    seen = undefined;
    looks = 0;
    changed();
    // What it led to may lie in other directories now.
    arm();
    hint();
  }

  /** A watch follows the directory that it was given, whatever has its name later: each is made anew. */
  function arm(): void {
    const before = watches;
    watches = new Map();
    for (const directory of new Set(options.directories())) {
      const made = options.watch(directory, hint);
      if (made !== undefined) watches.set(directory, made);
    }
    for (const old of before.values()) old.close();
  }

  function tick(): void {
    poll = later(POLL_MS, () => {
      if (identity() !== known) {
        arm();
        hint();
      }
      tick();
    });
  }

  arm();
  tick();
  hint(); // what changed while the watches were made
  return Object.freeze({
    close(): void {
      closed = true;
      look?.cancel();
      poll?.cancel();
      for (const watch of watches.values()) watch.close();
      watches.clear();
    },
  });
}
