import { serveSharedCell } from '../../../host/sandbox/shared-cell-worker.ts';
import { runWithProbe } from './probe-run.ts';

serveSharedCell(runWithProbe);
