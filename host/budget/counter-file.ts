import type { StoredTime } from './budget-time.ts';
import type { Window } from './window.ts';

/** A process of this machine, so that one that is gone is not taken for another with its number. */
export interface Owner {
  readonly pid: number;
  /** When it started, in the machine's own terms. */
  readonly started: string;
  /** Where that number means something: the start of the machine, and the space of process numbers. */
  readonly space: string;
}

/** A place of a `concurrency` budget that somebody holds. */
export interface Held {
  readonly id: number;
  readonly owner: Owner;
}

/** What can be done in one transaction. Keys are short texts of the host's own making. */
export interface CounterRows {
  time(): StoredTime | undefined;
  setTime(time: StoredTime): void;
  window(key: string): Window;
  /** `endsMs` is when nothing of it counts any more. */
  setWindow(key: string, window: Window, endsMs: number): void;
  /** Drops at most so many counters of which nothing counts any more. */
  dropEnded(nowMs: number, most: number): void;
  held(key: string): readonly Held[];
  /** Answers the id. */
  hold(key: string, run: string, owner: Owner): number;
  release(id: number): void;
  releaseRun(run: string): void;
}

/** The file of the counters, which several processes and threads use at once. */
export interface CounterFile {
  /** One transaction that no other is beside: all of it is kept, or, where it throws, nothing. Throws where it cannot be. */
  change<Value>(act: (rows: CounterRows) => Value): Value;
  close(): void;
}

/** What tells whether the owner of a place is still there. */
export interface Owners {
  readonly own: Owner;
  /** False only where it is surely gone. */
  isAlive(owner: Owner): boolean;
}
