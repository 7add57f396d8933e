/** Calls back later, unless it is cancelled. It does not keep the process alive. */
export type Later = (ms: number, act: () => void) => { cancel(): void };

/** By the timers of this process. */
export const later: Later = (ms, act) => {
  const timer = setTimeout(act, ms);
  timer.unref();
  return { cancel: () => clearTimeout(timer) };
};
