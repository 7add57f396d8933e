/** What whoever starts a run gives the program, beside what the configuration gives it. */
export interface Given {
  /** Behind those of the configuration. */
  readonly arguments: readonly string[];
  /** In place of variables of the same name. */
  readonly environment: ReadonlyMap<string, string>;
  readonly stdin?: Uint8Array;
}

export const NOTHING_GIVEN: Given = Object.freeze({ arguments: Object.freeze([]), environment: new Map() });
