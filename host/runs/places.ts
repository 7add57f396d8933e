import type { PolicySlice } from '../policy/policy-snapshot.ts';

/** The item of a `then` cell that is a counter of places. */
const PLACES = /, (?:[^,]* )?concurrency=[^,]*$/;

/** Whether a run may hold places that have to be free when it is over. */
export const holdsPlaces = (slices: readonly PolicySlice[]): boolean =>
  slices.some(({ rows }) => rows.some((row) => PLACES.test(row)));
