import { hrtime } from 'node:process';
import type { Clock } from '../contracts/powers.ts';

/** The clock of this machine. The monotonic part has one start for all threads of the process. */
export function createClock(): Clock {
  return Object.freeze({
    nowMs: () => Date.now(),
    monotonicUs(): number {
      const [seconds, nanoseconds] = hrtime();
      return seconds * 1e6 + nanoseconds / 1e3;
    },
  });
}
