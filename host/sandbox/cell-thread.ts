import type { Readable } from 'node:stream';
import type { Transferable } from 'node:worker_threads';
import type { FromCell, ToCell } from './cell-message.ts';

/** What a supervisor needs of the thread in which a cell lives. A `Worker` is one; a place in a shared one is another. */
export interface CellThread {
  postMessage(message: ToCell, transfer?: readonly Transferable[]): void;
  on(event: 'message', listener: (message: FromCell) => void): unknown;
  once(event: 'error', listener: (error: unknown) => void): unknown;
  once(event: 'exit', listener: () => void): unknown;
  /** CPU time so far, microseconds. Rejects when the thread has ended. */
  cpuUsage(): Promise<{ readonly user: number; readonly system: number }>;
  /** Ends the cell. When it resolves, nothing of it runs any more. */
  terminate(): Promise<unknown>;
  readonly stdout: Readable;
  readonly stderr: Readable;
}
