import { runInCell } from './cell-run.ts';
import type { DecisionPoint } from '../contracts/decision-point.ts';
import { createDecisionPoint } from '../policy/decision-point.ts';
import type { PolicySlice } from '../policy/policy-snapshot.ts';
import { serveSharedCell } from '../sandbox/shared-cell-worker.ts';

/** The decision points of the agents that live here: they hold a policy and nothing of any run, so runs of one agent share them. */
const MOST_KEPT = 256;
const kept = new Map<string, DecisionPoint>();

/** The one of the newest policy is kept: every run follows it, and an older one is of no use to anybody. */
function sharedDecisionPoint(slice: PolicySlice, agent: string): DecisionPoint {
  const known = kept.get(agent);
  const isKnown = known?.policy.generation === slice.ref.generation && known.policy.digest === slice.ref.digest;
  const found = isKnown ? known : createDecisionPoint(slice, agent);
  if (known !== undefined && known.policy.generation > slice.ref.generation) return found;
  kept.delete(agent);
  kept.set(agent, found); // again at the end: the order of a map is the order of use
  for (const oldest of kept.keys()) if (kept.size > MOST_KEPT) kept.delete(oldest);
  return found;
}

serveSharedCell((context) => runInCell(context, sharedDecisionPoint));
