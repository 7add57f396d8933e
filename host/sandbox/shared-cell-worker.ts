import { parentPort } from 'node:worker_threads';
import type { GuestEnd } from '../contracts/run-end.ts';
import { serveRun, type CellContext } from './cell-worker.ts';
import type { FromSharedCell, ToSharedCell } from './shared-cell.ts';

/** How long a run that was given up may take to close its gates. */
const CLOSE_MS = 1000;

/**
 * The main function of a shared cell's entry file: many runs on one thread, each with gates, instance and port of its
 * own. An exception out of `run` is a fault of that run.
 */
export function serveSharedCell(run: (context: CellContext) => Promise<GuestEnd>): void {
  if (parentPort === null) throw new Error('not in a cell');
  const supervisor = parentPort;
  const runs = new Map<number, Promise<unknown>>();
  supervisor.on('message', (message: ToSharedCell) => {
    const { id } = message;
    switch (message.kind) {
      case 'enter':
        runs.set(id, serveRun(message.port, run, 'shared'));
        return;
      case 'leave': {
        const late = new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref());
        void Promise.race([runs.get(id), late]).then(() => {
          runs.delete(id);
          supervisor.postMessage({ kind: 'left', id } satisfies FromSharedCell);
        });
      }
    }
  });
}
