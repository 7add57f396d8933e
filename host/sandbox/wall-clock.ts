/** The wall clock of one run. It stands still while the host itself lets the run wait: for a person. */
export interface WallClock {
  /** Milliseconds that have counted so far. */
  used(): number;
  /** Stops the clock until what is returned is called; it goes on when nobody holds it any more. */
  pause(): () => void;
  close(): void;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Starts a clock. `over` is called once, when `limitMs` have counted. */
export function startWallClock(limitMs: number, over: () => void): WallClock {
  let counted = 0;
  let since: number | undefined = performance.now();
  let holders = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const used = (): number => counted + (since === undefined ? 0 : performance.now() - since);
  function arm(): void {
    timer = setTimeout(
      () => (used() >= limitMs ? over() : arm()),
      Math.min(Math.max(1, limitMs - used()), LONGEST_TIMER_MS),
    );
  }
  arm();

  return Object.freeze({
    used,
    pause(): () => void {
      if (holders++ === 0) {
        counted = used();
        since = undefined;
        clearTimeout(timer);
      }
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        if (--holders > 0 || closed) return;
        since = performance.now();
        arm();
      };
    },
    close(): void {
      closed = true;
      clearTimeout(timer);
    },
  });
}
