import type { AuditEntry, RunLog } from '../../host/contracts/audit-record.ts';
import type { DecisionPoint } from '../../host/contracts/decision-point.ts';
import type { Obligations, PolicyRef, RuleRef } from '../../host/contracts/decision.ts';
import { HostError } from '../../host/contracts/errors.ts';
import type { Clock } from '../../host/contracts/powers.ts';
import type { Principal } from '../../host/contracts/principal.ts';
import type { Access } from '../../host/contracts/request.ts';
import { createPipeline, type DecisionEvent, type Pipeline } from '../../host/enforcement/enforce.ts';

/** What a test pipeline lets through. */
export interface TestPolicy {
  /** Decides each access: `true` allows, anything else denies with `no-rule`. Default: nothing is allowed. */
  readonly allow?: (access: Access) => boolean;
  /** The obligations of every allow. */
  readonly obligations?: Obligations;
  /** The rules that every allow names. */
  readonly rules?: readonly RuleRef[];
  /** The generation of the policy, now. One for the whole run without it. */
  readonly generation?: () => number;
  /** Makes every append fail from the record with this number on (from 0). */
  readonly auditFailsAt?: number;
}

/** A real pipeline over a policy that is a function, and a log that is a list. */
export interface TestPipeline {
  readonly pipeline: Pipeline;
  /** Everything recorded so far, in order; the index is the `seq`. */
  readonly records: AuditEntry[];
  readonly events: DecisionEvent[];
  /** Faults of the host: a test that expects none checks that this is empty. */
  readonly faults: unknown[];
}

const POLICY: PolicyRef = { digest: 'sha256:test', generation: 1 };
const PRINCIPAL: Principal = { agent: 'agent:test', roles: ['role:any'], component: 'sha256:test' };
const TEST_CLOCK: Clock = { nowMs: () => Date.now(), monotonicUs: () => performance.now() * 1000 };

export function testPipeline(policy: TestPolicy = {}): TestPipeline {
  const records: AuditEntry[] = [];
  const events: DecisionEvent[] = [];
  const faults: unknown[] = [];
  let decisions = 0;
  const log: RunLog = {
    append(entry: AuditEntry): number {
      if (policy.auditFailsAt !== undefined && records.length >= policy.auditFailsAt) {
        throw new HostError('ERR_AUDIT_APPEND', 'the test lets the audit log fail');
      }
      return records.push(entry) - 1;
    },
  };
  const decisionPoint: DecisionPoint = {
    get policy() {
      return { ...POLICY, generation: policy.generation?.() ?? POLICY.generation };
    },
    decide(accesses) {
      const denied = accesses.findIndex((access) => policy.allow?.(access) !== true);
      if (denied >= 0) return { effect: 'deny', reason: 'no-rule', rules: [], access: denied, policy: this.policy };
      return { effect: 'allow', rules: policy.rules ?? [], obligations: policy.obligations ?? {}, policy: this.policy };
    },
  };
  const pipeline = createPipeline({
    principal: PRINCIPAL,
    facts: {},
    decisionPoint,
    log,
    clock: TEST_CLOCK,
    ids: { run: () => 'run-test', decision: () => `run-test/${++decisions}` },
    observe: (event) => events.push(event),
    fault: (error) => faults.push(error),
  });
  return { pipeline, records, events, faults };
}
