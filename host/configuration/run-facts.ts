import { HostError } from '../contracts/errors.ts';
import type { RunFacts } from '../contracts/principal.ts';
import { didYouMean } from '../contracts/suggestion.ts';
import type { AgentManifest } from '../manifest/agent-section.ts';
import type { HostManifest } from '../manifest/host-section.ts';
import { groupsOf } from './groups.ts';

/** What a run is asked to be for, and for whom: what the agent has by the configuration, if absent. */
export interface AskedRun {
  readonly purpose?: string | undefined;
  /** `user:NAME`. */
  readonly onBehalfOf?: string | undefined;
}

const USER = /^user:[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;

/**
 * Refuses what no run can be for, whoever asks: a run is not started, and nothing is explained about it. Throws `ERR_USAGE` for a
 * purpose that is not declared, and for a person who is none.
 */
export function checkAsked(asked: AskedRun, agent: AgentManifest, { purposes }: Pick<HostManifest, 'purposes'>): void {
  const { purpose, onBehalfOf } = askedOf(asked, agent);
  if (purpose !== undefined && !purposes.includes(purpose))
    throw new HostError('ERR_USAGE', `the purpose \`${purpose}\` is not declared${didYouMean(purpose, purposes)}`, {
      hints: purposes,
    });
  if (onBehalfOf !== undefined && !USER.test(onBehalfOf))
    throw new HostError('ERR_USAGE', `\`${onBehalfOf}\` is not a user: write \`user:NAME\``);
}

/** The facts that a run has, and that an explanation of it goes by. */
export function factsOf(asked: AskedRun, agent: AgentManifest, manifest: Pick<HostManifest, 'groups'>): RunFacts {
  const { purpose, onBehalfOf } = askedOf(asked, agent);
  const groups = onBehalfOf === undefined ? undefined : groupsOf(manifest, onBehalfOf);
  return {
    ...(purpose === undefined ? {} : { purpose }),
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
    ...(groups === undefined ? {} : { groups }),
    ...(agent.environment === undefined ? {} : { environment: agent.environment }),
  };
}

const askedOf = ({ purpose, onBehalfOf }: AskedRun, agent: AgentManifest): AskedRun => ({
  purpose: purpose ?? agent.purpose,
  onBehalfOf: onBehalfOf ?? agent.onBehalfOf,
});
