import { runInCell } from './cell-run.ts';
import type { DecisionPoint } from './contracts/decision-point.ts';
import { createDecisionPoint } from './policy/decision-point.ts';
import type { PolicySlice } from './policy/policy-snapshot.ts';
import { serveSharedCell } from './sandbox/shared-cell-worker.ts';

/** Of the agents that live here. A decision point holds a policy and nothing of any run, so runs of one agent share it. */
const MOST_KEPT = 256;
const kept = new Map<string, DecisionPoint>();

function sharedDecisionPoint(slice: PolicySlice, agent: string): DecisionPoint {
  const key = JSON.stringify([agent, slice.ref.digest, slice.ref.generation, slice.deciding]);
  const found = kept.get(key) ?? createDecisionPoint(slice, agent);
  kept.delete(key);
  kept.set(key, found); // again at the end: the order of a map is the order of use
  for (const oldest of kept.keys()) if (kept.size > MOST_KEPT) kept.delete(oldest);
  return found;
}

serveSharedCell((context) => runInCell(context, sharedDecisionPoint));
