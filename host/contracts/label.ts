import type { LabelRef } from './decision.ts';
import type { Access } from './request.ts';

/** A resource that has a label by configuration. */
export interface LabelledResource {
  /** A resource pattern, as rules have them. */
  readonly pattern: string;
  /** Columns of a table; all of the resource, if absent. */
  readonly columns?: readonly string[];
  readonly label: LabelRef;
}

/** Labels that were written along: what a run had read goes with what it writes. Synchronous; throws where it cannot be kept. */
export interface CarriedLabels {
  /** The rank of what was written to a resource of fs or db; nothing where nobody wrote with a label. */
  rankOf(resource: string): number | undefined;
  /** The highest rank of what was written to a directory, or to anything below it. */
  rankBelow(directory: string): number | undefined;
  /** Raises the rank of a resource. It never sinks: what was there before may still be there. */
  raise(resource: string, rank: number): void;
  close(): void;
}

/** The labels of an effect that has begun. Until it has ended, what it writes carries every label that the run gets. */
export interface KeptLabels {
  /**
   * Data has come, and is not given to the run yet: whatever another run has written there meanwhile, its label was
   * written along before. Throws where that cannot be looked up: then nothing may be given.
   */
  arrived(): void;
  ended(): void;
}

/** What a run has read so far, and what that means for its effects. */
export interface RunLabels {
  /** The join of the labels of everything that was read. The lowest label where nothing was. */
  current(): LabelRef;
  /** The same accesses, each with the label that rules test. */
  labelled(accesses: readonly [Access, ...Access[]]): readonly [Access, ...Access[]];
  /**
   * An effect is about to happen: what it reads goes into the run, what it writes carries the run's label along. `given` is
   * the label that rules add to what is read. Throws where a label cannot be kept: then nothing may happen.
   */
  admit(accesses: readonly Access[], given: LabelRef | undefined): void;
  /** Like `admit`, for an effect that goes on. */
  keep(accesses: readonly Access[]): KeptLabels;
  /** Data of such a label came from elsewhere: a called agent. */
  raise(label: LabelRef): void;
}
