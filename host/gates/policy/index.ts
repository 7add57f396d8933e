import type { ObligationName } from '../../contracts/decision.ts';
import type { Gate } from '../../contracts/gate.ts';
import { sealInterface } from '../../contracts/guest-import.ts';
import type { ServedInterface } from '../../contracts/served-interface.ts';
import type { Pipeline } from '../../enforcement/enforce.ts';
import type { PolicyCheckConfig } from './config.ts';
import { createPolicyDriver, type Canonicalise, type Verdict } from './driver.ts';
import { parseCheck, parsePolicyIntention, POLICY_CHECK, type WitIntention } from './request.ts';
import { valueOrThrow } from './wit-error.ts';

export type { Canonical, Canonicalise } from './driver.ts';

/** The actions of this gate. */
export const ACTIONS: readonly string[] = [POLICY_CHECK];

/** Its row of the import matrix. */
export const POLICY_INTERFACE: ServedInterface = {
  name: 'sallyport:agent/policy',
  versions: ['0.1.0'],
  servedBy: 'policy',
  functions: [{ name: 'check', waits: true }],
};

/** What the policy gate needs. */
export interface PolicyGateDeps {
  readonly pipeline: Pipeline;
  readonly config: PolicyCheckConfig;
  readonly canonicalise: Canonicalise;
}

const DISCHARGES: ReadonlySet<ObligationName> = new Set();

/** The gate of `wit/policy.wit` for one run. */
export function createPolicyGate({ pipeline, config, canonicalise }: PolicyGateDeps): Gate {
  const driver = createPolicyDriver(pipeline, canonicalise);

  /** `check: func(intentions: list<intention>) -> result<list<verdict>, error>` */
  async function check(intentions: readonly WitIntention[]): Promise<readonly Verdict[]> {
    const enforced = await pipeline.enforce({
      capability: 'policy',
      discharges: DISCHARGES,
      parse: () => parseCheck(intentions, config.maxIntentions),
      perform: driver,
    });
    return valueOrThrow(enforced);
  }

  return Object.freeze({
    capability: 'policy',
    discharges: DISCHARGES,
    imports: new Map([[POLICY_INTERFACE.name, sealInterface({ check })]]),
    intention: parsePolicyIntention,
    close: () => undefined,
  });
}
