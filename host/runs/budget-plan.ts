import type { Configuration } from '../configuration/configuration.ts';
import type { PolicySlice } from '../policy/policy-snapshot.ts';
import type { BudgetPlan } from './run-spec.ts';

/** The items of a `then` cell that are counters: `bytes` only with a period. */
const BUDGET = /, (?:[^,]* )?(?:rate=|cost=|concurrency=|bytes=[^ ]*\/)[^,]*$/;
const PLACES = /, (?:[^,]* )?concurrency=[^,]*$/;

/** What a run needs for its budgets; nothing where no rule of its chain has one, and then nothing is opened. */
export function budgetPlan(
  { manifest }: Pick<Configuration, 'manifest'>,
  slices: readonly PolicySlice[],
): BudgetPlan | undefined {
  if (!slices.some(({ rows }) => rows.some((row) => BUDGET.test(row)))) return undefined;
  return { directory: manifest.state.directory, prices: manifest.prices };
}

/** Whether a run may hold places that have to be free when it is over. */
export const holdsPlaces = (slices: readonly PolicySlice[]): boolean =>
  slices.some(({ rows }) => rows.some((row) => PLACES.test(row)));
