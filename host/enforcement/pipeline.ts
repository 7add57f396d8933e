import type { RunLog } from '../contracts/audit-record.ts';
import type { Budgets } from '../contracts/budget.ts';
import type { Approvals } from '../contracts/approval.ts';
import type { Decision, DenialReason, ObligationName } from '../contracts/decision.ts';
import type { DecisionPoint } from '../contracts/decision-point.ts';
import type { Denial } from '../contracts/denial.ts';
import type { RunLabels } from '../contracts/label.ts';
import type { Ids } from '../contracts/ids.ts';
import type { Clock } from '../contracts/powers.ts';
import type { Principal, RunFacts } from '../contracts/principal.ts';
import type { Parsed } from '../contracts/request.ts';
import type { Effect, Enforced, ImmediateEffect, Pending } from './effect.ts';
import type { DecisionEvent } from './effect-state.ts';
import type { Redeem } from './grant.ts';
import type { MaskPayload } from './shown-request.ts';

/** What a pipeline needs. One pipeline serves one run. */
export interface PipelineOptions {
  readonly principal: Principal;
  readonly facts: RunFacts;
  readonly decisionPoint: DecisionPoint;
  readonly log: RunLog;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Asks people. Without it, whatever needs an approval is denied. */
  readonly approvals?: Approvals;
  /** Keeps counters. Without it, whatever has a budget is denied. */
  readonly budgets?: Budgets;
  /** Masks what enters the record. Without it, no payload enters it that must be masked. */
  readonly maskPayload?: MaskPayload;
  /** What the run has read so far. Without it, whatever adds a label is denied. */
  readonly labels?: RunLabels;
  readonly observe: (event: DecisionEvent) => void;
  /** Called with every fault of the host, for the operator. Its text never reaches the guest. */
  readonly fault: (error: unknown) => void;
}

/** The policy enforcement point shared by all gates. */
export interface Pipeline {
  /**
   * Takes one effect through the ten steps of `order.ts`. Never throws, never rejects. It answers at once where parser
   * and driver do: a promise would cost the guest a switch of stacks.
   */
  enforce<Target, Value, Failure>(effect: Effect<Target, Value, Failure>): Pending<Enforced<Value, Failure>>;
  /** The same for an effect that never waits: the guest is answered without giving up its stack. Never throws. */
  enforceNow<Target, Value, Failure>(effect: ImmediateEffect<Target, Value, Failure>): Enforced<Value, Failure>;
  /** Decides without any effect: what an attempt would get now. Nothing is recorded. */
  check(parsed: Parsed<unknown>, discharges: ReadonlySet<ObligationName>): Decision['effect'];
  /** Denies and records something that no gate serves. */
  refuse(action: string, resource: string, reason: DenialReason): Denial;
  readonly redeem: Redeem;
  /** True once a record could not be written: every effect is denied from then on. */
  readonly auditFailed: () => boolean;
}
