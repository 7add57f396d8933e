import type { Readiness } from '../contracts/readiness.ts';

/** A readiness whose owner says when to look again. */
export interface Signal {
  readonly readiness: Readiness;
  /** Something changed. */
  changed(): void;
}

/** Makes the readiness of one thing. Whoever waits shares one promise, so that waiting again costs nothing. */
export function createSignal(ready: () => boolean): Signal {
  let waiting: { readonly promise: Promise<void>; readonly wake: () => void } | undefined;
  return Object.freeze({
    readiness: Object.freeze({
      ready,
      wait(): Promise<void> {
        if (ready()) return Promise.resolve();
        if (waiting === undefined) {
          let wake = (): void => undefined;
          waiting = { promise: new Promise<void>((resolve) => (wake = resolve)), wake: () => wake() };
        }
        return waiting.promise;
      },
    }),
    changed(): void {
      if (waiting === undefined || !ready()) return;
      waiting.wake();
      waiting = undefined;
    },
  });
}
