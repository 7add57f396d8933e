import type { Decision, ObligationName } from '../../contracts/decision.ts';
import type { Intention } from '../../contracts/gate.ts';
import type { Parsed } from '../../contracts/request.ts';
import type { DriverResult } from '../../enforcement/effect.ts';
import type { Pipeline } from '../../enforcement/enforce.ts';
import type { Grant } from '../../enforcement/grant.ts';
import type { Questions } from './request.ts';

/** The enum `verdict` of `wit/policy.wit`. */
export type Verdict = 'allow' | 'deny' | 'needs-approval';

/** An intention as the gate that it belongs to would see it, and the obligations that this gate can discharge. */
export interface Canonical {
  readonly parsed: Parsed<unknown>;
  readonly discharges: ReadonlySet<ObligationName>;
}

/** Finds the gate of an intention and lets it parse; a refusal where there is none. */
export type Canonicalise = (intention: Intention) => Canonical;

/** Answers granted questions. It has no failures of its own. */
export type PolicyDriver = (grant: Grant<Questions>) => DriverResult<readonly Verdict[], never>;

function verdictOf(effect: Decision['effect']): Verdict {
  switch (effect) {
    case 'allow':
      return 'allow';
    case 'approve':
      return 'needs-approval';
    case 'deny':
      return 'deny';
  }
}

/** The driver of one run: asks the policy what an attempt would get, in the form that the attempt would have. */
export function createPolicyDriver(
  pipeline: Pick<Pipeline, 'check' | 'redeem'>,
  canonicalise: Canonicalise,
): PolicyDriver {
  function verdict(question: Intention | undefined): Verdict {
    if (question === undefined) return 'deny';
    const { parsed, discharges } = canonicalise(question);
    return verdictOf(pipeline.check(parsed, discharges));
  }
  return (grant) => ({ status: 'ok', value: pipeline.redeem(grant).target.map(verdict) });
}
