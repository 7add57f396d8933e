import type { Clock } from '../contracts/powers.ts';

/** How long a look at the clock takes. Programs that wait by looking would otherwise wait for ever. */
const LOOK_US = 100;

type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** A clock that depends on its guest alone: it goes on when it is looked at, and by what was waited for. */
export function createFixedClock(startMs: number, sleep: Sleep): { readonly clock: Clock; readonly sleep: Sleep } {
  let elapsedUs = 0;
  const look = (): number => {
    const now = elapsedUs;
    elapsedUs += LOOK_US;
    return now;
  };
  return Object.freeze({
    clock: Object.freeze({ nowMs: () => startMs + look() / 1000, monotonicUs: look }),
    /** It does wait: a time limit for something real would be over at once. */
    async sleep(ms: number, signal?: AbortSignal): Promise<void> {
      await sleep(ms, signal);
      // How long it was until something else came would be another time in every run.
      if (signal?.aborted !== true) elapsedUs += ms * 1000;
    },
  });
}
