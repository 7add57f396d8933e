import process from 'node:process';
import { workerData } from 'node:worker_threads';

/**
 * The second thread of a database process. SQLite cannot be interrupted, so this ends the process where a statement
 * outlives its time, or the process that asked. It looks at the clock and at the parent, and at nothing else.
 */

/** What the first thread shares with it. */
export interface Watched {
  /** When the statement under way must be over, as `Date.now()` counts; 0 for none. */
  readonly deadline: SharedArrayBuffer;
  /** Becomes 1 when somebody watches. */
  readonly ready: SharedArrayBuffer;
  /** The process that asks. */
  readonly host: number;
}

/** How late a statement may be seen, at the most. */
const WATCH_MS = 50;

const { deadline: shared, ready, host } = workerData as Watched; // the database process passes nothing else
const deadline = new Float64Array(shared);
const flag = new Int32Array(ready);
const idle = new Int32Array(new SharedArrayBuffer(4));
Atomics.store(flag, 0, 1);
Atomics.notify(flag, 0);
for (;;) {
  const until = deadline[0] ?? 0;
  const left = until === 0 ? WATCH_MS : until - Date.now();
  if (left <= 0 || process.ppid !== host) process.kill(process.pid, 'SIGKILL');
  Atomics.wait(idle, 0, 0, Math.min(left, WATCH_MS));
}
