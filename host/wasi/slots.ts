import { RunStop } from '../contracts/run-stop.ts';

/** The most live handles of one kind that a run may hold, whatever its limit for all kinds together is. */
const MAX_LIVE = 4096;

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
export function createSlots<State>(trap: (message: string) => never): Slots<State> {
  const states = new WeakMap<object, State>();
  let live = 0;
  return Object.freeze({
    hold<Resource extends object>(resource: Resource, state: State): Resource {
      if (live >= MAX_LIVE) {
        const message = `the agent has more than ${MAX_LIVE} open handles of one kind`;
        throw new RunStop({ kind: 'limit', limit: 'handles', message });
      }
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
