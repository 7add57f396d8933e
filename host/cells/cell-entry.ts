import { runInCell } from './cell-run.ts';
import { createDecisionPoint } from '../policy/decision-point.ts';
import { serveCell } from '../sandbox/cell-worker.ts';

serveCell((context) => runInCell(context, createDecisionPoint));
