import { join } from 'node:path';
import type { AgentRun } from './agent-run-plan.ts';
import type { HostPowers } from './host-powers.ts';
import type { CellPlan, LabelPlan } from './run-spec.ts';
import type { Artefact } from './sandbox/artefact.ts';
import { budgetPlan } from './budget-plan.ts';
import { passwordsOf } from './settings.ts';

/** What of a run its cell can be opened with. */
export type CellTerms = Pick<AgentRun, 'configuration' | 'agent' | 'cell' | 'limits' | 'callers'>;

/** Everything that a cell is told before its run is there. */
export function cellPlan(
  { configuration, agent, limits, callers }: CellTerms,
  { program }: Pick<Artefact, 'program'>,
  powers: HostPowers,
): CellPlan {
  const { policy, settings } = configuration;
  const name = `agent:${agent.name}`;
  const slice = policy.sliceFor(name);
  const budgets = budgetPlan(configuration, [slice, ...callers.map((caller) => caller.policy)]);
  return {
    agent: name,
    policy: slice,
    callers,
    settings,
    passwords: passwordsOf(settings, powers.environment),
    limits,
    program,
    world: agent.wasi,
    labels: labelPlan(configuration),
    ...(budgets === undefined ? {} : { budgets }),
  };
}

function labelPlan({ manifest }: AgentRun['configuration']): LabelPlan | undefined {
  const [lowest, ...others] = manifest.labels;
  const file = join(manifest.state.directory, 'labels.sqlite');
  return lowest === undefined ? undefined : { order: [lowest, ...others], file };
}

/** Under which key opened cells of one host wait: of the same key, any will do. `component` is its digest. */
export function poolKey({ configuration, agent, cell, limits }: CellTerms, component: string): string {
  const { digest, generation } = configuration.policy.ref;
  return JSON.stringify([agent.name, cell, component, digest, generation, limits]);
}
