import type { AuditEntry, RecordedDecision, RunLog } from '../contracts/audit-record.ts';
import { isExhausted, type Budgets, type Reservation } from '../contracts/budget.ts';
import type { Approvals } from '../contracts/approval.ts';
import type {
  Allow,
  Decision,
  DenialReason,
  ObligationName,
  PolicyRef,
  RequireApproval,
  RuleRef,
} from '../contracts/decision.ts';
import type { DecisionPoint } from '../contracts/decision-point.ts';
import { HINTS, type Denial } from '../contracts/denial.ts';
import type { RunLabels } from '../contracts/label.ts';
import type { Ids } from '../contracts/ids.ts';
import type { Clock } from '../contracts/powers.ts';
import type { Principal, RunFacts } from '../contracts/principal.ts';
import {
  isRefusal,
  type Access,
  type AccessRequest,
  type Attributes,
  type Json,
  type Parsed,
} from '../contracts/request.ts';
import type { DriverResult, Effect, Enforced, ImmediateEffect, OutcomeFacts, Pending } from './effect.ts';
import { createApprovalStep } from './approval-step.ts';
import { undischarged } from './capable.ts';
import { createDivergenceRecorder } from './divergence.ts';
import { createGrantAuthority, type Redeem } from './grant.ts';
import { isProtected } from './protection.ts';
import { recordedObligations } from './recorded-obligations.ts';
import { requestDigest } from './request-digest.ts';
import { shownOf, type MaskPayload } from './shown-request.ts';

/** What the operator is told as it happens: one event per decision. */
export interface DecisionEvent {
  readonly action: string;
  readonly resource: string;
  readonly effect: 'allow' | 'approve' | 'deny';
  readonly reason?: DenialReason;
  /** In a chain of callers: the first whose rules deny, `agent:NAME`, where that is not the agent that acts. */
  readonly agent?: string;
  /** What a rule could have tested; only where the policy did not allow. */
  readonly attributes?: Attributes;
  /** All that the request touches; only where the policy did not allow. */
  readonly accesses?: readonly Access[];
  /** What the operator may know beside the reason: the refusal, the address, the obligations. Never for the guest. */
  readonly detail?: { readonly [key: string]: Json };
  readonly id: string;
}

/** What a denial tells the operator beyond its record. */
type Told = Pick<DecisionEvent, 'attributes' | 'accesses' | 'detail'>;

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

/** An effect between its intent and its outcome. */
interface OpenEffect {
  /** `seq` of the intent. */
  readonly intent: number;
  readonly action: string;
  readonly resource: string;
  readonly allow: Allow;
  readonly reservation: Reservation | undefined;
  /** What it writes carries along what the run reads meanwhile. */
  readonly kept: { readonly ended: () => void } | undefined;
  readonly startedUs: number;
}

/** A decision that is not an allow, ready to be recorded and answered. */
interface Refused {
  readonly reason: DenialReason;
  readonly rules: readonly RuleRef[];
  readonly access: number;
  readonly agent?: string;
  readonly policy: PolicyRef;
  readonly detail?: { readonly [key: string]: Json };
  readonly retryAfterMs?: number;
}

const UNPARSED = '(not in canonical form)';

/** Makes the pipeline of one run. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const { principal, facts, decisionPoint, log, clock, ids, observe, fault } = options;
  const { approvals, budgets, labels } = options;
  const means = {
    approvals: approvals !== undefined,
    budgets: budgets !== undefined,
    labels: labels !== undefined,
  };
  const grants = createGrantAuthority();
  const recordDivergence = createDivergenceRecorder((entry) => append(entry), fault);
  let failed = false;

  function append(entry: AuditEntry): number | undefined {
    if (failed) return undefined;
    try {
      return log.append(entry);
    } catch (error) {
      failed = true;
      fault(error);
      return undefined;
    }
  }

  function denialOf(reason: DenialReason, decision: string, retryAfterMs?: number): Denial {
    const later = retryAfterMs === undefined ? undefined : BigInt(Math.ceil(retryAfterMs));
    return { decision, reason, hint: HINTS[reason], retryAfterMs: later };
  }

  /** Records a denial, tells the operator, and returns what the guest may know. */
  function deny(
    action: string,
    resource: string,
    refused: Refused,
    extra: Partial<AuditEntry> = {},
    told: Told = {},
  ): Denial {
    const id = ids.decision();
    const { reason, policy } = refused;
    const agent = refused.agent === undefined ? {} : { agent: refused.agent };
    const rules = refused.rules.map((rule) => rule.id);
    const decision: RecordedDecision = { effect: 'deny', id, rules, reason, ...agent };
    const written = append({ type: 'effect.denied', ...who(), action, resource, decision, policy, ...extra });
    observe({ action, resource, effect: 'deny', reason, id, ...agent, ...told });
    return written === undefined ? denialOf('audit-unavailable', id) : denialOf(reason, id, refused.retryAfterMs);
  }

  const who = (): Partial<AuditEntry> => ({
    principal,
    ...(facts.purpose === undefined ? {} : { purpose: facts.purpose }),
  });
  const askPeople = approvals && createApprovalStep({ approvals, ids, append, who, labelOf, observe });
  const hostDenial = (reason: DenialReason): Refused => ({
    reason,
    rules: [],
    access: 0,
    policy: decisionPoint.policy,
  });

  const labelled = (accesses: AccessRequest<unknown>['accesses']): AccessRequest<unknown>['accesses'] =>
    labels === undefined ? accesses : labels.labelled(accesses);

  /** Allow, allow once somebody has approved, or the reason why not. */
  function decide(
    request: AccessRequest<unknown>,
    discharges: ReadonlySet<ObligationName>,
  ): Allow | RequireApproval | Refused {
    const decision = decisionPoint.decide(labelled(request.accesses), { ...facts, nowMs: clock.nowMs() });
    recordDivergence(decision);
    if (decision.effect === 'deny') return decision;
    const { rules, policy } = decision;
    const obligations = undischarged(decision.obligations, discharges, means);
    if (obligations.length > 0) {
      const reason = obligations.includes('approval') ? 'not-approved' : 'unsupported-obligation';
      return { reason, rules, access: 0, policy, detail: { obligations } };
    }
    const guarded = request.accesses.findIndex(({ protection }) => isProtected(protection, rules));
    return guarded < 0 ? decision : { reason: 'protected-resource', rules, access: guarded, policy };
  }

  /**
   * Whether an effect that goes on would still be allowed. A decision holds as long as the policy that made it, and until
   * the run has read something that it had not read then.
   */
  function stands(
    { discharges }: Pick<Effect<unknown, unknown, unknown>, 'discharges'>,
    request: AccessRequest<unknown>,
    { policy, obligations }: Allow,
    rank: number | undefined,
  ): boolean {
    if (failed) return false;
    const same = decisionPoint.policy.generation === policy.generation && labels?.current().rank === rank;
    if (same) return true;
    const again = decide(request, discharges);
    if ('reason' in again) return false;
    // People said yes under that policy; where they were not asked, they would be now.
    return again.effect === 'allow' || (obligations.approval !== undefined && again.policy.digest === policy.digest);
  }

  /** Takes room for an effect, if its rules give only so much. */
  function reserve(
    request: AccessRequest<unknown>,
    { obligations, rules, policy }: Allow,
  ): Reservation | Refused | undefined {
    const terms = obligations.budgets;
    if (terms === undefined || budgets === undefined) return undefined;
    const [{ action, resource }] = request.accesses;
    try {
      const answer = budgets.reserve({ terms, principal, action, resource });
      if (!isExhausted(answer)) return answer;
      const { exhausted, retryAfterMs } = answer;
      const detail = { budget: { ...exhausted } };
      const later = retryAfterMs === undefined ? {} : { retryAfterMs };
      return { reason: 'budget-exhausted', rules, access: 0, policy, detail, ...later };
    } catch (error) {
      fault(error); // counters that cannot be kept: what they bound does not happen
      return { reason: 'budget-exhausted', rules, access: 0, policy };
    }
  }

  function perform<Target, Value, Failure>(
    effect: Effect<Target, Value, Failure>,
    request: AccessRequest<Target>,
    allow: Allow,
    approval?: string,
  ): Pending<Enforced<Value, Failure>> {
    const reservation = reserve(request, allow);
    if (reservation !== undefined && 'reason' in reservation) return refuse(request, reservation);
    const [{ action, resource }] = request.accesses;
    const recorded = recordedLabels(request);
    try {
      labels?.admit(request.accesses, allow.obligations.label);
    } catch (error) {
      fault(error); // a label that is not kept would be lost
      reservation?.settle({ performed: false });
      return refuse(request, { reason: 'policy-unavailable', rules: allow.rules, access: 0, policy: allow.policy });
    }
    const label = labels?.current();
    const digest = requestDigest(request);
    const id = ids.decision();
    const decision: RecordedDecision = {
      effect: 'allow',
      id,
      rules: allow.rules.map((rule) => rule.id),
      ...recordedObligations(allow.obligations),
      ...(approval === undefined ? {} : { approval }),
    };
    const intent = append({
      type: 'effect.intended',
      ...who(),
      ...shownOf(request, digest, allow, options.maskPayload),
      ...(label === undefined ? {} : { labels: { ...recorded, run: label.name } }),
      action,
      resource,
      decision,
      policy: allow.policy,
    });
    if (intent === undefined) {
      reservation?.settle({ performed: false });
      observe({ action, resource, effect: 'deny', reason: 'audit-unavailable', id });
      return { status: 'denied', denial: denialOf('audit-unavailable', id) };
    }
    observe({ action, resource, effect: 'allow', id });
    const grant = grants.mint({
      target: request.target,
      digest,
      generation: allow.policy.generation,
      decisionId: id,
      rules: allow.rules,
      obligations: allow.obligations,
      takeBytes: (bytes) => reservation?.takeBytes(bytes) ?? true,
      ...(label === undefined ? {} : { label }),
      stands: () => stands(effect, request, allow, label?.rank),
    });
    const kept = labels?.keep(request.accesses);
    const open: OpenEffect = { intent, action, resource, allow, reservation, kept, startedUs: clock.monotonicUs() };
    let result: Pending<DriverResult<Value, Failure>>;
    try {
      result = effect.perform(grant);
    } catch (error) {
      grants.revoke(grant);
      return broken(open, error);
    }
    if (!(result instanceof Promise)) {
      grants.revoke(grant); // its effect is over, whether it was used or not
      return conclude(open, result);
    }
    return result
      .finally(() => grants.revoke(grant))
      .then(
        (done) => conclude(open, done),
        (error: unknown) => broken(open, error),
      );
  }

  /** Records how an effect ended, and says what the gate may know. */
  function conclude<Value, Failure>(open: OpenEffect, result: DriverResult<Value, Failure>): Enforced<Value, Failure> {
    const carried = 'label' in result ? result.label : undefined;
    if (carried !== undefined) labels?.raise(carried);
    switch (result.status) {
      case 'ok':
        settle(open, { status: 'ok', ...result.facts });
        return { status: 'ok', value: result.value };
      case 'begun': {
        let over = false;
        result.ended(({ code, facts }) => {
          if (over) return; // one intent, one outcome
          over = true;
          settle(open, code === undefined ? { status: 'ok', ...facts } : { status: 'error', code, ...facts });
        });
        return { status: 'ok', value: result.value };
      }
      case 'failed':
        settle(open, { status: 'error', code: result.code, ...result.facts });
        return { status: 'failed', failure: result.failure };
      case 'denied': {
        const { intent, action, resource, allow } = open;
        const outcome = { status: 'error', code: result.reason, ...release(open, result.facts) } as const;
        const refused: Refused = { reason: result.reason, rules: allow.rules, access: 0, policy: allow.policy };
        const told = result.facts?.detail === undefined ? {} : { detail: result.facts.detail };
        return { status: 'denied', denial: deny(action, resource, refused, { intent, outcome }, told) };
      }
    }
  }

  /** A driver that throws is a fault of the host: nobody knows what it did. */
  function broken(open: OpenEffect, error: unknown): { readonly status: 'fault' } {
    fault(error);
    settle(open, { status: 'error', code: 'internal' });
    return { status: 'fault' };
  }

  function settle(open: OpenEffect, outcome: NonNullable<AuditEntry['outcome']>): void {
    const durationUs = Math.round(clock.monotonicUs() - open.startedUs);
    const released = release(open, outcome);
    append({ type: 'effect.settled', intent: open.intent, outcome: { ...outcome, ...released, durationUs } });
  }

  /** Gives back what an effect did not use of its budgets. */
  function release({ reservation, kept }: OpenEffect, facts: OutcomeFacts = {}): OutcomeFacts {
    kept?.ended();
    if (reservation === undefined) return facts;
    try {
      const used = reservation.settle({ performed: true });
      return { ...facts, discharged: { ...facts.discharged, ...used } };
    } catch (error) {
      fault(error); // what was reserved stays taken
      return facts;
    }
  }

  /** Decides on what a parser returned and, if it is allowed, performs it. */
  function admit<Target, Value, Failure>(
    effect: Effect<Target, Value, Failure>,
    parsed: Parsed<Target>,
    mayWait: boolean,
  ): Pending<Enforced<Value, Failure>> {
    if (isRefusal(parsed)) {
      const detail = { refused: parsed.refused };
      const denial = deny(parsed.action, UNPARSED, hostDenial('invalid-request'), { detail }, { detail });
      return failed ? { status: 'denied', denial } : { status: 'refused', text: parsed.refused };
    }
    const decided = decide(parsed, effect.discharges);
    if ('reason' in decided) return refuse(parsed, decided);
    if (decided.effect === 'allow') return perform(effect, parsed, decided);
    if (!mayWait) return refuse(parsed, notApproved(decided, 'unsupported-obligation', { obligations: ['approval'] }));
    return approve(effect, parsed, decided);
  }

  function refuse(request: AccessRequest<unknown>, refused: Refused): { status: 'denied'; denial: Denial } {
    const accesses = labelled(request.accesses);
    const { action, resource, attributes, label } = accesses[refused.access] ?? accesses[0];
    const current = labels?.current().name;
    const record = {
      ...shownOf(request, requestDigest(request)),
      ...(current === undefined ? {} : { labels: { ...(label === undefined ? {} : { effect: label }), run: current } }),
    };
    const { detail } = refused;
    const told: Told = { attributes, accesses, ...(detail === undefined ? {} : { detail }) };
    return { status: 'denied', denial: deny(action, resource, refused, record, told) };
  }

  const notApproved = (
    { rules, policy }: RequireApproval,
    reason: DenialReason,
    detail: { readonly [key: string]: Json },
  ): Refused => ({ reason, rules, access: 0, policy, detail });

  /** The label of an effect, as rules test it: that of its first access. */
  function labelOf({ accesses }: AccessRequest<unknown>): string | undefined {
    const [{ label }] = labelled(accesses);
    return label;
  }

  function recordedLabels(request: AccessRequest<unknown>): { readonly effect?: string } {
    const label = labelOf(request);
    return label === undefined ? {} : { effect: label };
  }

  /** Waits for people. The effect is suspended, not failed; what they say is for this request under this policy alone. */
  async function approve<Target, Value, Failure>(
    effect: Effect<Target, Value, Failure>,
    request: AccessRequest<Target>,
    asked: RequireApproval,
  ): Promise<Enforced<Value, Failure>> {
    const none = { status: 'refused', detail: { approval: { status: 'unavailable' } } } as const;
    const end = (await askPeople?.(request, asked)) ?? none;
    switch (end.status) {
      case 'refused':
        return refuse(request, notApproved(asked, 'not-approved', end.detail));
      case 'unrecorded': {
        const [{ action, resource }] = request.accesses;
        observe({ action, resource, effect: 'deny', reason: 'audit-unavailable', id: end.id });
        return { status: 'denied', denial: denialOf('audit-unavailable', end.id) };
      }
      case 'granted': {
        // The policy, or the time of day, may have changed while people thought: then they said yes to something else.
        const again = decide(request, effect.discharges);
        if ('reason' in again) return refuse(request, again);
        const changed = changeOf(asked, again);
        if (changed !== undefined)
          return refuse(request, notApproved(asked, 'not-approved', { approval: { status: changed } }));
        return perform(effect, request, { ...again, effect: 'allow' }, end.question);
      }
    }
  }

  function run<Target, Value, Failure>(
    effect: Effect<Target, Value, Failure>,
    mayWait: boolean,
  ): Pending<Enforced<Value, Failure>> {
    const faulted = (error: unknown): { readonly status: 'fault' } => {
      fault(error);
      return { status: 'fault' };
    };
    try {
      const parsed = effect.parse();
      return parsed instanceof Promise
        ? parsed.then((ready) => admit(effect, ready, mayWait)).catch(faulted)
        : admit(effect, parsed, mayWait);
    } catch (error) {
      return faulted(error);
    }
  }

  return Object.freeze({
    redeem: grants.redeem,
    auditFailed: () => failed,

    enforce<Target, Value, Failure>(effect: Effect<Target, Value, Failure>): Pending<Enforced<Value, Failure>> {
      return run(effect, true);
    },

    enforceNow<Target, Value, Failure>(effect: ImmediateEffect<Target, Value, Failure>): Enforced<Value, Failure> {
      const enforced = run(effect, false);
      if (!(enforced instanceof Promise)) return enforced;
      fault(new TypeError('an immediate effect waited')); // it has been performed and recorded all the same
      return { status: 'fault' };
    },

    check(parsed: Parsed<unknown>, discharges: ReadonlySet<ObligationName>): Decision['effect'] {
      if (failed || isRefusal(parsed)) return 'deny'; // what an attempt would get without a record
      const decided = decide(parsed, discharges);
      if (!('reason' in decided)) return decided.effect;
      return decided.reason === 'not-approved' ? 'approve' : 'deny';
    },

    refuse: (action: string, resource: string, reason: DenialReason) => deny(action, resource, hostDenial(reason)),
  });
}

/** What makes an answer worthless that was given to a question: it asked under other terms than those that hold now. */
function changeOf(asked: RequireApproval, now: Allow | RequireApproval): string | undefined {
  if (now.policy.digest !== asked.policy.digest) return 'policy-changed';
  const known = asked.obligations.approval.roles;
  const others = now.effect === 'approve' && now.obligations.approval.roles.some((role) => !known.includes(role));
  return others ? 'terms-changed' : undefined;
}
