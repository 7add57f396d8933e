import { join } from 'node:path';
import type { AgentRun } from '../runs/agent-run-plan.ts';
import type { HostPowers } from '../host-powers.ts';
import type { AgentManifest } from '../manifest/agent-section.ts';
import type { CellPlan, LabelPlan } from '../runs/run-spec.ts';
import type { Artefact } from '../sandbox/artefact.ts';
import { passwordsOf } from '../configuration/settings.ts';

/** What of a run its cell can be opened with. */
export type CellTerms = Pick<AgentRun, 'configuration' | 'agent' | 'cell' | 'limits' | 'callers'>;

/** Everything that a cell is told before its run is there. */
export function cellPlan(
  { configuration, agent, limits, callers }: CellTerms,
  { program }: Pick<Artefact, 'program'>,
  powers: HostPowers,
): CellPlan {
  const { settings, manifest } = configuration;
  return {
    agent: agentOf(agent),
    callers,
    settings,
    passwords: passwordsOf(settings, powers.environment),
    limits,
    program,
    world: agent.wasi,
    labels: labelPlan(configuration),
    budgets: { directory: manifest.state.directory, prices: manifest.prices },
  };
}

function labelPlan({ manifest }: AgentRun['configuration']): LabelPlan | undefined {
  const [lowest, ...others] = manifest.labels;
  const file = join(manifest.state.directory, 'labels.sqlite');
  return lowest === undefined ? undefined : { order: [lowest, ...others], file };
}

/** Whose rules hold in a cell: those of its agent, and those of every caller, the nearest first. */
export const principalsOf = ({ agent, callers }: Pick<CellTerms, 'agent' | 'callers'>): readonly string[] => [
  agentOf(agent),
  ...callers.map((caller) => caller.principal.agent).reverse(),
];

const agentOf = ({ name }: AgentManifest): string => `agent:${name}`;

/**
 * Under which key opened cells of one host wait: of the same key, any will do. All of them are told of a new policy.
 * `component` is its digest.
 */
export function poolKey({ agent, cell, limits }: CellTerms, component: string): string {
  return JSON.stringify([agent.name, cell, component, limits]);
}
