import { serveCell } from '../../../host/sandbox/cell-worker.ts';
import { runWithProbe } from './probe-run.ts';

serveCell(runWithProbe);
