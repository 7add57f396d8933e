import type { AuditEntry, RunLog } from '../../host/contracts/audit-record.ts';
import type {
  Allow,
  Decision,
  Deny,
  DenialReason,
  Obligations,
  RequireApproval,
} from '../../host/contracts/decision.ts';
import type { DecisionContext, DecisionPoint } from '../../host/contracts/decision-point.ts';
import { HostError } from '../../host/contracts/errors.ts';
import type { Access } from '../../host/contracts/request.ts';
import {
  createPipeline,
  type DecisionEvent,
  type Pipeline,
  type PipelineOptions,
} from '../../host/enforcement/enforce.ts';

/** The policy that decides in these tests. Its text must never reach a guest. */
export const POLICY = { digest: 'sha256:5ec2e7', generation: 7 } as const;
export const RULES = [{ id: 'rule-1a2b3c', namesHost: false }] as const;

export const allow = (obligations: Obligations = {}): Allow => ({
  effect: 'allow',
  rules: RULES,
  obligations,
  policy: POLICY,
});
export const deny = (reason: DenialReason = 'no-rule', access = 0): Deny => ({
  effect: 'deny',
  reason,
  rules: [],
  access,
  policy: POLICY,
});
export const approve = (): RequireApproval => ({
  effect: 'approve',
  rules: RULES,
  obligations: { approval: { roles: ['owner'], ttlMs: 60_000 } },
  policy: POLICY,
});

/** A run in memory: what it decides is chosen, what it records is kept, and the order of everything is noted. */
export interface MemoryRun {
  readonly pipeline: Pipeline;
  readonly records: AuditEntry[];
  readonly asked: { readonly accesses: readonly Access[]; readonly context: DecisionContext }[];
  readonly events: DecisionEvent[];
  readonly faults: unknown[];
  /** Steps in the order in which they happened: `decide`, `append:TYPE`, and what the test adds. */
  readonly steps: string[];
  /** Appending throws from now on. */
  breakLog(): void;
  readonly types: () => (string | undefined)[];
}

type Decide = (accesses: readonly [Access, ...Access[]]) => Decision;

export function createMemoryRun(decide: Decide = () => deny(), overrides: Partial<PipelineOptions> = {}): MemoryRun {
  const records: AuditEntry[] = [];
  const asked: { accesses: readonly Access[]; context: DecisionContext }[] = [];
  const events: DecisionEvent[] = [];
  const faults: unknown[] = [];
  const steps: string[] = [];
  let broken = false;
  let decisions = 0;
  let us = 0;
  const decisionPoint: DecisionPoint = {
    policy: POLICY,
    decide(accesses, context) {
      steps.push('decide');
      asked.push({ accesses, context });
      return decide(accesses);
    },
  };
  const log: RunLog = {
    append(entry) {
      if (broken) throw new HostError('ERR_AUDIT_APPEND', 'the disk is full');
      steps.push(`append:${entry.type}`);
      return records.push(entry) - 1;
    },
  };
  const pipeline = createPipeline({
    principal: { agent: 'agent:test-1', roles: ['role:any', 'role:test'], component: 'sha256:00' },
    facts: { purpose: 'testing' },
    decisionPoint,
    log,
    clock: { nowMs: () => 1_000, monotonicUs: () => (us += 250) },
    ids: { run: () => 'run-1', decision: () => `run-1/${++decisions}` },
    observe: (event) => events.push(event),
    fault: (error) => faults.push(error),
    ...overrides,
  });
  return {
    pipeline,
    records,
    asked,
    events,
    faults,
    steps,
    breakLog: () => {
      broken = true;
    },
    types: () => records.map(({ type }) => type),
  };
}
