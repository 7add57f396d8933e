import type { Access } from './request.ts';
import type { Decision, PolicyRef } from './decision.ts';
import type { RunFacts } from './principal.ts';

/** What a decision may depend on besides the request. `nowMs` is the host's clock, never the guest's. */
export interface DecisionContext extends RunFacts {
  readonly nowMs: number;
}

/**
 * The policy decision point (PDP) of one run: one policy snapshot, one principal. Synchronous, total, and without
 * effects: an engine error is a `Deny` with `policy-unavailable`, never an exception.
 */
export interface DecisionPoint {
  readonly policy: PolicyRef;
  decide(accesses: readonly [Access, ...Access[]], context: DecisionContext): Decision;
}
