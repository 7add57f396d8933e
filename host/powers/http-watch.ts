/** The deadlines of one exchange: the whole of it, and the phase that it is in. */
export interface Watch {
  /** Begins a phase that may last so long; none without a time. */
  phase(ms: number | undefined): void;
  /** Something came: the phase begins anew. */
  touch(): void;
  /** Ends the deadline of the whole; phases go on. */
  unbound(): void;
  stop(): void;
}

/** The deadlines of all exchanges of a dialer. */
export interface Watches {
  /** Starts the deadlines of an exchange: `late` is called once, to the millisecond. */
  start(totalMs: number, late: () => void): Watch;
  close(): void;
}

const NEVER = Number.POSITIVE_INFINITY;

/** Makes the watches of one dialer. One timer serves all: it is set only for a deadline before it, so seldom. */
export function createWatches(): Watches {
  const running = new Map<object, { readonly deadline: () => number; readonly late: () => void }>();
  let timer: NodeJS.Timeout | undefined;
  let at = NEVER;

  function arm(deadline: number, now: number): void {
    if (deadline >= at) return;
    clearTimeout(timer);
    at = deadline;
    timer = setTimeout(check, Math.max(1, Math.ceil(deadline - now)));
    // What is waited for are sockets: they keep the thread, the timer does not.
    timer.unref();
  }

  function check(): void {
    at = NEVER;
    const now = performance.now();
    let next = NEVER;
    for (const [key, { deadline, late }] of running) {
      const due = deadline();
      if (now < due) next = Math.min(next, due);
      else if (running.delete(key)) late();
    }
    arm(next, now);
  }

  return Object.freeze({
    start(totalMs: number, late: () => void): Watch {
      const started = performance.now();
      let end = started + totalMs;
      let phaseMs = NEVER;
      let phaseStart = started;
      const watch: Watch = {
        phase(ms) {
          phaseMs = ms ?? NEVER;
          phaseStart = performance.now();
          if (running.has(watch)) arm(phaseStart + phaseMs, phaseStart);
        },
        touch: () => void (phaseStart = performance.now()),
        unbound: () => void (end = NEVER),
        stop: () => void running.delete(watch),
      };
      running.set(watch, { deadline: () => Math.min(end, phaseStart + phaseMs), late });
      arm(end, started);
      return watch;
    },
    close(): void {
      running.clear();
      clearTimeout(timer);
    },
  });
}
