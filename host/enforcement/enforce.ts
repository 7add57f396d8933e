import type { AuditEntry, RecordedDecision } from '../contracts/audit-record.ts';
import type { Allow, Decision, DenialReason, ObligationName, RequireApproval } from '../contracts/decision.ts';
import type { Denial } from '../contracts/denial.ts';
import { isRefusal, type AccessRequest, type Json, type Parsed } from '../contracts/request.ts';
import type { DriverResult, Effect, Enforced, ImmediateEffect, OutcomeFacts, Pending } from './effect.ts';
import { createApprovalStep } from './approval-step.ts';
import { isLabelled } from './arrived-data.ts';
import { undischarged } from './capable.ts';
import { denialOf } from './denial-of.ts';
import { createDivergenceRecorder } from './divergence.ts';
import { isNoRoom, takeRoom } from './effect-room.ts';
import type { DecisionEvent, OpenEffect, Refused } from './effect-state.ts';
import { createGrantAuthority } from './grant.ts';
import { isProtected } from './protection.ts';
import type { Pipeline, PipelineOptions } from './pipeline.ts';
import { alertsOf, crowded, isStillAsked } from './refused.ts';
import { recordedObligations } from './recorded-obligations.ts';
import { requestDigest } from './request-digest.ts';
import { shownOf } from './shown-request.ts';

export type { DecisionEvent } from './effect-state.ts';
export type { Pipeline, PipelineOptions } from './pipeline.ts';

/** What a denial tells the operator beyond its record. */
type Told = Pick<DecisionEvent, 'attributes' | 'accesses' | 'detail'>;

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

  /** Records a denial, tells the operator, and returns what the guest may know. */
  function deny(
    action: string,
    resource: string,
    refused: Refused,
    extra: Partial<AuditEntry> = {},
    told: Told = {},
  ): Denial {
    const id = ids.decision();
    const { reason, policy, retryAfterMs, obligations = {} } = refused;
    const agent = refused.agent === undefined ? {} : { agent: refused.agent };
    const rules = refused.rules.map((rule) => rule.id);
    const decision: RecordedDecision = {
      ...{ effect: 'deny', id, rules, reason, ...agent },
      ...recordedObligations(obligations),
    };
    const written = append({ type: 'effect.denied', ...who(), action, resource, decision, policy, ...extra });
    const later = retryAfterMs === undefined ? {} : { retryAfterMs };
    observe({ action, resource, effect: 'deny', reason, id, ...agent, ...told, ...later, ...alertsOf(obligations) });
    return written === undefined ? denialOf('audit-unavailable', id) : denialOf(reason, id, retryAfterMs);
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

  function perform<Target, Value, Failure>(
    effect: Effect<Target, Value, Failure>,
    request: AccessRequest<Target>,
    allow: Allow,
    approval?: string,
  ): Pending<Enforced<Value, Failure>> {
    const [{ action, resource }] = request.accesses;
    const room = takeRoom(allow.obligations, request.accesses[0], { budgets, principal, fault });
    if (isNoRoom(room)) return refuse(request, crowded(allow, room));
    const recorded = recordedLabels(request);
    try {
      labels?.admit(request.accesses, allow.obligations.label);
    } catch (error) {
      fault(error); // a label that is not kept would be lost
      room.release(false);
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
      ...shownOf(request, digest, allow.obligations, options.maskPayload),
      ...(label === undefined ? {} : { labels: { ...recorded, run: label.name } }),
      action,
      resource,
      decision,
      policy: allow.policy,
    });
    if (intent === undefined) {
      room.release(false);
      observe({ action, resource, effect: 'deny', reason: 'audit-unavailable', id });
      return { status: 'denied', denial: denialOf('audit-unavailable', id) };
    }
    observe({ action, resource, effect: 'allow', id, ...alertsOf(allow.obligations) });
    const kept = labels?.keep(request.accesses);
    const grant = grants.mint({
      target: request.target,
      digest,
      generation: allow.policy.generation,
      decisionId: id,
      rules: allow.rules,
      obligations: allow.obligations,
      takeBytes: (bytes) => room.takeBytes(bytes),
      costSource: room.costSource,
      reportCost: (written) => room.reportCost(written),
      ...(label === undefined ? {} : { label }),
      stands: () => isLabelled(kept, fault) && stands(effect, request, allow, label?.rank),
    });
    const open: OpenEffect = { id, intent, action, resource, allow, room, kept, startedUs: clock.monotonicUs() };
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
    // What is not known to have no other label is not given.
    if (result.status !== 'begun' && !isLabelled(open.kept, fault)) return broken(open);
    switch (result.status) {
      case 'ok':
        settle(open, { status: 'ok', ...result.facts });
        return { status: 'ok', value: result.value };
      case 'begun': {
        let over = false;
        result.ended(({ code, facts }) => {
          if (over) return; // one intent, one outcome
          over = true;
          const told =
            code === 'budget-exhausted' ? { ...facts, detail: { ...facts.detail, ...tellStopped(open) } } : facts;
          settle(open, code === undefined ? { status: 'ok', ...facts } : { status: 'error', code, ...told });
        });
        return { status: 'ok', value: result.value };
      }
      case 'failed':
        settle(open, { status: 'error', code: result.code, ...result.facts }, result.nothingDone !== true);
        return { status: 'failed', failure: result.failure };
      case 'denied':
        return { status: 'denied', denial: denyOpen(open, result) };
    }
  }

  /** A stream that was allowed, and stopped where its bytes found no room: the operator is told as of a denial. */
  function tellStopped({ id, action, resource, allow, room }: OpenEffect): { readonly [key: string]: Json } {
    const { detail = {}, retryAfterMs } = crowded(allow, room.lacking() ?? { detail: {} });
    observe({
      ...{ action, resource, effect: 'deny', reason: 'budget-exhausted', id },
      detail,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
    return detail;
  }

  /** A denial by the driver, or bytes that found no room: the intent has its outcome, and the guest its reason. */
  function denyOpen(
    open: OpenEffect,
    { reason, facts, begun }: Extract<DriverResult<never, never>, { readonly status: 'denied' }>,
  ): Denial {
    const { intent, action, resource, allow, room } = open;
    const outcome = { status: 'error', code: reason, ...release(open, begun === true, facts) } as const;
    const lack = reason === 'budget-exhausted' ? room.lacking() : undefined;
    const plain: Refused = { reason, rules: allow.rules, access: 0, policy: allow.policy };
    const detail = { ...facts?.detail, ...lack?.detail };
    const extra = { intent, outcome, ...(lack === undefined ? {} : { detail: lack.detail }) };
    const told = Object.keys(detail).length === 0 ? {} : { detail };
    return deny(action, resource, lack === undefined ? plain : crowded(allow, lack), extra, told);
  }

  /** A driver that throws is a fault of the host: nobody knows what it did. */
  function broken(open: OpenEffect, error?: unknown): { readonly status: 'fault' } {
    if (error !== undefined) fault(error);
    settle(open, { status: 'error', code: 'internal' });
    return { status: 'fault' };
  }

  function settle(open: OpenEffect, outcome: NonNullable<AuditEntry['outcome']>, performed = true): void {
    const durationUs = Math.round(clock.monotonicUs() - open.startedUs);
    const discharged = release(open, performed, outcome);
    append({ type: 'effect.settled', intent: open.intent, outcome: { ...outcome, ...discharged, durationUs } });
  }

  /** Ends what an effect held, and gives back what it did not use of its budgets. */
  function release({ room, kept }: OpenEffect, performed: boolean, facts: OutcomeFacts = {}): OutcomeFacts {
    kept?.ended();
    const used = room.release(performed);
    return Object.keys(used).length === 0 ? facts : { ...facts, discharged: { ...facts.discharged, ...used } };
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
    const { detail } = refused;
    const record = {
      ...shownOf(request, requestDigest(request), refused.obligations),
      ...(current === undefined ? {} : { labels: { ...(label === undefined ? {} : { effect: label }), run: current } }),
      ...(refused.reason === 'budget-exhausted' && detail !== undefined ? { detail } : {}),
    };
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

  /** Waits for people. What they say is for this request under this policy alone: if that has changed, they are asked again. */
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
      case 'outdated':
      case 'granted': {
        const again = decide(request, effect.discharges);
        if ('reason' in again) return refuse(request, again);
        if (end.status === 'granted' && isStillAsked(asked, again))
          return perform(effect, request, { ...again, effect: 'allow' }, end.question);
        // Policy, label or time have changed while people thought: they said yes to something else.
        return again.effect === 'allow' ? perform(effect, request, again) : await approve(effect, request, again);
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
