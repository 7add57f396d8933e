import type { Meter } from './meter.ts';

/**
 * Measures how long one guest has the thread, where others live on it as well and the thread's own CPU time says
 * nothing of one. It runs from the moment that the guest goes on until it calls the host.
 */
export interface Stopwatch {
  /** The guest goes on. */
  resume(): void;
  /** The guest has gone on all the while: what it had so far is told. */
  lap(): void;
  /** The host has the thread. */
  pause(): void;
}

export function createStopwatch(meter: Meter): Stopwatch {
  let since: number | undefined;
  function lap(): void {
    if (since === undefined) return;
    const now = performance.now();
    meter.addGuestUs((now - since) * 1000);
    since = now;
  }
  return Object.freeze({
    resume(): void {
      since = performance.now();
    },
    lap,
    pause(): void {
      lap();
      since = undefined;
    },
  });
}
