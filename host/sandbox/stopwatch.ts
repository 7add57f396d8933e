import type { Meter } from './meter.ts';

/**
 * Measures how long one guest has the thread, where others live on it as well and the thread's own CPU time says
 * nothing of one. It runs from the moment that the guest goes on until it calls the host.
 */
export interface Stopwatch {
  /** The guest goes on. */
  resume(): void;
  /** The host has the thread. */
  pause(): void;
}

export function createStopwatch(meter: Meter): Stopwatch {
  let since: number | undefined;
  return Object.freeze({
    resume(): void {
      since = performance.now();
    },
    pause(): void {
      if (since !== undefined) meter.addGuestUs((performance.now() - since) * 1000);
      since = undefined;
    },
  });
}
