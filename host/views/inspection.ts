import type { Preparation } from '../cells/preparation.ts';
import type { Configuration } from '../configuration/configuration.ts';
import type { Program } from '../contracts/program.ts';
import type { ServedInterface } from '../contracts/served-interface.ts';
import type { AgentManifest } from '../manifest/agent-section.ts';
import { rowAsWritten } from '../policy/model/row-layout.ts';
import { SERVED } from '../configuration/settings.ts';

/** One import of a component, and what stands behind it. */
export interface InspectedImport {
  readonly name: string;
  readonly version: string;
  readonly servedBy: ServedInterface['servedBy'];
  /** The functions that it can call: the upper bound of its authority. */
  readonly functions: readonly string[];
}

/** What a component can ask for, and what its agent may do. */
export interface Inspection {
  readonly component: {
    readonly path: string;
    readonly program: Program;
    readonly digest: string;
    readonly bytes: number;
    readonly modules: number;
    /** True if it lay in the cache, prepared. */
    readonly cached: boolean;
  };
  readonly imports: readonly InspectedImport[];
  /** `agent:NAME`. */
  readonly agent: string;
  readonly roles: readonly string[];
  /** The rules that name the agent or one of its roles. */
  readonly rules: readonly { readonly id: string; readonly line: number; readonly row: string }[];
}

/** Prepares a component, or takes it from the cache, and says what it imports. Nothing of it runs. */
export async function inspectComponent(options: {
  readonly preparation: Preparation;
  readonly configuration: Configuration;
  readonly agent: AgentManifest;
  readonly component: string;
  readonly signal?: AbortSignal;
}): Promise<Inspection> {
  const { preparation, configuration, agent, component, signal } = options;
  const { policy } = configuration;
  const known = await preparation.read(component);
  const bytes = await known.bytes();
  const artefact = await preparation.artefact(known, {
    configuration,
    limits: agent.limits,
    ...(signal === undefined ? {} : { signal }),
  });
  const imports = Object.entries(artefact.imports).map(([name, { version, functions }]): InspectedImport => {
    const row = SERVED.find((candidate) => candidate.name === name);
    return { name, version, servedBy: row?.servedBy ?? 'denies', functions };
  });
  const subject = `agent:${agent.name}`;
  return {
    component: {
      path: component,
      program: artefact.program,
      digest: artefact.digest,
      bytes: bytes.length,
      modules: artefact.modules.length,
      cached: artefact.cached,
    },
    imports: imports.sort((a, b) => (a.name < b.name ? -1 : 1)),
    agent: subject,
    roles: policy.rolesOf(subject),
    rules: policy
      .rulesFor(subject)
      .map(({ id, line, cells }) => ({ id, line, row: rowAsWritten(policy.layout, cells) })),
  };
}
