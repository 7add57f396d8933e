/** A level of proof and what was found at it. */

export type LevelName = 'form' | 'chain' | 'completeness';

/** The first record at which a level does not hold. */
export interface BadRecord {
  /** Line of the file, from 1. */
  readonly line: number;
  /** Number of the record, where it can be read. */
  readonly seq?: number;
  readonly reason: string;
}

export interface Level {
  readonly name: LevelName;
  readonly ok: boolean;
  /** The records that were looked at before the first bad one. */
  readonly records: number;
  readonly firstBad?: BadRecord;
}

/** Gathers what one level finds, and keeps the first. */
export interface LevelFinding {
  passed(): void;
  failed(bad: BadRecord): void;
  result(): Level;
}

/** Starts a level. */
export function createLevelFinding(name: LevelName): LevelFinding {
  let records = 0;
  let firstBad: BadRecord | undefined;
  return Object.freeze({
    passed(): void {
      if (firstBad === undefined) records += 1;
    },
    failed(bad: BadRecord): void {
      if (firstBad === undefined || bad.line < firstBad.line) firstBad = bad;
    },
    result: () => ({ name, ok: firstBad === undefined, records, ...(firstBad === undefined ? {} : { firstBad }) }),
  });
}
