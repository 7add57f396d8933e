/** Makes identifiers. Injected, so that tests and replays can fix them. */
export interface Ids {
  /** The run itself: `run-` and 26 characters, sortable by time. */
  run(): string;
  /** A decision of this run: the run id, `/`, and a number from 1. */
  decision(): string;
}
