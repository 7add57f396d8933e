import { z } from 'zod';
import type { GateConfig } from '../../contracts/gate-config.ts';

/** The part `policyCheck` of `sallyport.yaml`, as it is written. */
export interface RawPolicyCheckConfig {
  readonly maxIntentions?: number | undefined;
}

/** The part `policyCheck`, ready for the gate. */
export interface PolicyCheckConfig {
  /** The most intentions that one call may ask about. */
  readonly maxIntentions: number;
}

/** No configuration gives more. */
const MAX_INTENTIONS = 256;

const schema = z
  .strictObject({
    maxIntentions: z
      .int()
      .min(1)
      .max(MAX_INTENTIONS)
      .optional()
      .describe('The most intentions that an agent may ask about in one call; 256 if it is left out.'),
  })
  .describe('Questions of agents to the policy.');

/** The configuration of the policy gate. */
export const policyCheckConfig: GateConfig<RawPolicyCheckConfig, PolicyCheckConfig> = {
  key: 'policyCheck',
  schema,
  absent: {},
  resolve: ({ maxIntentions }) => ({ maxIntentions: maxIntentions ?? MAX_INTENTIONS }),
};
