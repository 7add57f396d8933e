import type { CellThread } from './cell-thread.ts';
import type { RunLimits } from '../contracts/limits.ts';
import type { GuestEnd } from '../contracts/run-end.ts';
import type { Meter } from './meter.ts';

const POLL_MS = 40;

/** The CPU time of a run, and its limit. */
export interface CpuWatch {
  /** The guest's CPU time as far as it is known, with what was charged to it. */
  used(): number;
  /** Adds CPU time that was used elsewhere on behalf of the guest. */
  charge(cpuMs: number): void;
  /** Ends the watch; `last` is what the cell itself has read at its end. */
  close(last: number | undefined): Promise<void>;
}

/**
 * Polls the CPU time of the worker, which it tells even while the guest spins. Counted from the start of the guest;
 * `beside` is what a process of the guest's has used.
 */
export function createCpuWatch(
  worker: CellThread,
  meter: Meter,
  limits: RunLimits,
  stop: (end: GuestEnd) => void,
  beside: () => number = () => 0,
): CpuWatch {
  let own = 0;
  let charged = 0;
  let asked = false;
  const used = (): number => own + beside() + charged;
  const check = (): void => {
    if (used() > limits.cpuMs)
      stop({ kind: 'limit', limit: 'cpuMs', message: `the run used more than ${limits.cpuMs} ms of CPU time` });
  };
  const read = async (): Promise<number> => {
    const start = meter.startCpuMs();
    if (start === undefined) return 0;
    const { user, system } = await worker.cpuUsage();
    return (user + system) / 1000 - start;
  };
  /** A worker that waits in a system call does not answer: what is beside it is looked at all the same. */
  const poll = (): void => {
    check();
    if (asked) return;
    asked = true;
    read().then(
      (now) => {
        asked = false;
        own = Math.max(own, now);
        check();
      },
      () => undefined, // the worker has just ended
    );
  };
  const timer = setInterval(poll, Math.min(POLL_MS, Math.max(5, limits.cpuMs / 4)));
  return {
    used,
    charge(cpuMs: number): void {
      charged += cpuMs;
      check();
    },
    async close(last: number | undefined): Promise<void> {
      clearInterval(timer);
      const start = meter.startCpuMs() ?? 0;
      const now = last === undefined || !Number.isFinite(last) ? await read().catch(() => own) : last - start;
      own = Math.max(own, now, 0);
    },
  };
}
