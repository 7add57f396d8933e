import type { AuditEntry } from '../contracts/audit-record.ts';
import type { Decision, Divergence } from '../contracts/decision.ts';

/**
 * Records what decisions carry of differences between engines, each once in a run. A record that cannot be written stops
 * the run as every other does.
 */
export function createDivergenceRecorder(
  append: (entry: AuditEntry) => unknown,
  fault: (error: unknown) => void,
): (decision: Decision) => void {
  const known = new WeakSet<Divergence>();
  return ({ diverged = [], policy }) => {
    for (const difference of diverged) {
      if (known.has(difference)) continue;
      known.add(difference);
      const { agent, action, resource, casbin, compiled } = difference;
      const detail = { agent, casbin: { ...casbin }, compiled: { ...compiled } };
      append({ type: 'policy.diverged', action, resource, policy, detail });
      fault(
        new Error(
          `the compiled engine and Casbin disagree on \`${action}\` \`${resource}\`; Casbin decides from now on`,
        ),
      );
    }
  };
}
