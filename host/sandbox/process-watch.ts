import type { RunLimits } from '../contracts/limits.ts';
import type { GuestEnd } from '../contracts/run-end.ts';
import type { CellProcess } from './cell-process.ts';
import { MS_PER_TICK } from './process-usage.ts';

const POLL_MS = 40;
/** What an engine takes besides heap and linear memory: its own code, and compiled code of the guest. */
const ENGINE_BYTES = 224 * 1_048_576;

/** What the process of a guest uses, and the limit of its memory. */
export interface ProcessWatch {
  /** The guest starts, when its process has used so much CPU time. */
  started(cpuMs: number): void;
  /** The guest's CPU time as far as it is known. */
  cpuMs(): number;
  /** Reads once more; later there may be nothing to read. */
  sample(): void;
  close(): void;
}

/**
 * Polls a process, and does not keep this one alive. Linear memory has a bound of its own: what is too much is of
 * everything else.
 */
export function createProcessWatch(
  process: CellProcess,
  { memoryBytes, heapBytes }: { readonly memoryBytes: RunLimits['memoryBytes']; readonly heapBytes: number },
  stop: (end: GuestEnd) => void,
  pollMs = POLL_MS,
): ProcessWatch {
  const most = memoryBytes + heapBytes + ENGINE_BYTES;
  let start: number | undefined;
  let used = 0;

  function sample(): void {
    const usage = process.usage();
    if (usage === undefined) return;
    if (start !== undefined) used = Math.max(used, usage.cpuMs - start);
    if (usage.residentBytes > most)
      stop({
        kind: 'limit',
        limit: 'heapBytes',
        message: 'the process of the agent took more memory than its limits allow',
      });
  }

  const timer = setInterval(sample, pollMs).unref();
  return Object.freeze({
    started(cpuMs: number): void {
      // The process may say anything; more than the system tells cannot have been before.
      const most = (process.usage()?.cpuMs ?? Number.POSITIVE_INFINITY) + MS_PER_TICK;
      start ??= Number.isFinite(cpuMs) && cpuMs >= 0 ? Math.min(cpuMs, most) : 0;
    },
    cpuMs: () => used,
    sample,
    close: () => clearInterval(timer),
  });
}
