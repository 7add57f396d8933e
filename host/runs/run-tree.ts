import type { RunLimits } from '../contracts/limits.ts';

/** The runs below one that was started from outside, counted together: a chain has no more by splitting them up. */
export interface RunTree {
  /** Takes one run; false where there are none left. */
  take(): boolean;
  /** Takes room for lines that called agents write; false where there is none left. */
  show(bytes: number): boolean;
}

/** The most runs below one that was started from outside. */
export const MOST_RUNS = 256;

export function createRunTree({ outputBytes, logBytes }: RunLimits): RunTree {
  let runs = MOST_RUNS;
  let room = outputBytes + logBytes;
  return Object.freeze({
    take: () => runs-- > 0,
    show(bytes: number): boolean {
      room -= bytes;
      return room >= 0;
    },
  });
}
