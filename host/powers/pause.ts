/** Lets everything that waits on this thread have its turn: timers, sockets, messages. */
export const pause = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
