import { openLibc } from './libc.ts';
import { answer, serveProcesses } from './process-host.ts';
import { knowsChildren } from './process-tree.ts';

/** The process that starts the tools of one cell. What it cannot do here is done by the cell itself, more slowly. */
const libc = knowsChildren() ? openLibc() : undefined;
if (libc !== undefined) {
  try {
    serveProcesses(libc);
  } catch (error) {
    answer({ kind: 'fault', message: error instanceof Error ? error.message : 'unknown reason' });
  }
}
process.exit(0);
