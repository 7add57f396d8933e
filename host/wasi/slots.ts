import type { LimitName } from '../contracts/limits.ts';
import { RunStop } from '../contracts/run-stop.ts';

/** How many live handles of one kind a run may hold, and which limit it is that says so. */
export interface SlotLimit {
  readonly limit: LimitName;
  readonly most: number;
  readonly noun: string;
}

/** Whatever the limit for all kinds together is. */
const OF_ONE_KIND: SlotLimit = { limit: 'handles', most: 4096, noun: 'open handles of one kind' };

/**
 * The state behind the handles of one resource type in one run. A resource object itself is empty: whoever has only its
 * prototype (the glue makes such objects for handles that it does not know) has nothing.
 */
export interface Slots<State> {
  /** Gives a new resource object its state. */
  hold<Resource extends object>(resource: Resource, state: State): Resource;
  /** The state of a live resource; a trap for any other object. */
  of(resource: object): State;
  /** Ends a resource that was dropped, or handed over to the host. */
  release(resource: object): void;
}

/** Slots for one resource type of one run. */
export function createSlots<State>(
  trap: (message: string) => never,
  { limit, most, noun }: SlotLimit = OF_ONE_KIND,
): Slots<State> {
  const states = new WeakMap<object, State>();
  let live = 0;
  return Object.freeze({
    hold<Resource extends object>(resource: Resource, state: State): Resource {
      if (live >= most) throw new RunStop({ kind: 'limit', limit, message: `the agent has more than ${most} ${noun}` });
      states.set(resource, state);
      live += 1;
      return resource;
    },
    of(resource: object): State {
      const state = states.get(resource);
      return state ?? trap('a handle is not live');
    },
    release(resource: object): void {
      if (states.delete(resource)) live -= 1;
    },
  });
}
