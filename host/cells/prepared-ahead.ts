import type { Configuration } from '../configuration/configuration.ts';
import type { AgentManifest } from '../manifest/agent-section.ts';
import type { Preparation } from './preparation.ts';

/** What was prepared for an agent before its first run. */
export interface PreparedAhead {
  /** The name of the agent: its limits are a part of what is prepared. */
  readonly agent: string;
  readonly component: { readonly path: string; readonly digest: string; readonly bytes: number };
  readonly modules: number;
  /** True if it lay in the cache. */
  readonly cached: boolean;
  readonly milliseconds: number;
}

/** Prepares a component as runs of the agent need it, or takes it from the cache. Nothing of it runs. */
export async function prepareAhead(options: {
  readonly preparation: Preparation;
  readonly configuration: Configuration;
  readonly agent: AgentManifest;
  readonly component: string;
  readonly signal?: AbortSignal;
}): Promise<PreparedAhead> {
  const { preparation, configuration, agent, component, signal } = options;
  const known = await preparation.read(component);
  const { length } = await known.bytes();
  const artefact = await preparation.artefact(known, {
    configuration,
    limits: agent.limits,
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    agent: agent.name,
    component: { path: component, digest: artefact.digest, bytes: length },
    modules: artefact.modules.length,
    cached: artefact.cached,
    milliseconds: Math.round(artefact.prepareMs),
  };
}
