import { dirname, resolve } from 'node:path';
import type { GateConfig, PathProbe, ResolveContext } from '../contracts/gate-config.ts';
import { readHostSections, type HostManifest } from './host-section.ts';
import { manifestJsonSchema, type AnyGateConfig } from './json-schema.ts';
import { HOST_SECTIONS } from './manifest-section.ts';
import { createProblemList, type ConfigPath } from './problem-list.ts';
import { createSectionReader, type SectionReader } from './section-reader.ts';
import { readYaml } from './yaml-source.ts';

/** What `sallyport.yaml` says: checked, with defaults filled in and paths made absolute. */
export interface Manifest extends HostManifest {
  /** The file as it was named. */
  readonly file: string;
  /** Its directory, absolute: where relative paths start. */
  readonly directory: string;
  /** A gate's own section. Plain data: it is cloned into the cell. */
  section<Raw, Resolved>(config: GateConfig<Raw, Resolved>): Resolved;
}

/** What checking a configuration needs of the machine. */
export interface ManifestPowers {
  readonly probe: PathProbe;
}

/** Reads and checks a configuration. Throws one `ERR_CONFIG_INVALID` that tells every problem with its place. */
export function parseManifest(
  source: string | Uint8Array,
  file: string,
  gateConfigs: readonly AnyGateConfig[],
  { probe }: ManifestPowers,
): Manifest {
  const problems = createProblemList(file);
  const yaml = readYaml(source, problems);
  if (yaml === undefined) return problems.throwAll();
  const directory = dirname(resolve(file));
  const known = [...Object.keys(HOST_SECTIONS), ...gateConfigs.map(({ key }) => key)];
  // Making the schema takes longer than reading a configuration that fits it.
  const reader = createSectionReader(yaml, known, () => manifestJsonSchema(gateConfigs), problems);
  const host = readHostSections(reader, contextOf(directory, probe, reader));
  const sections = readGateSections(gateConfigs, contextOf(directory, probe, reader), reader);
  if (problems.count() > 0) return problems.throwAll();
  return Object.freeze({
    file,
    directory,
    ...host,
    section<Raw, Resolved>(config: GateConfig<Raw, Resolved>): Resolved {
      if (!sections.has(config.key)) throw new TypeError(`the configuration was read without \`${config.key}\``);
      return sections.get(config.key) as Resolved; // what the `resolve` of this key's only config returned
    },
  });
}

const contextOf = (directory: string, probe: PathProbe, reader: SectionReader): ResolveContext =>
  Object.freeze({ directory, probe, problem: (path: ConfigPath, message: string) => reader.problem(path, message) });

function readGateSections(
  gateConfigs: readonly AnyGateConfig[],
  context: ResolveContext,
  reader: SectionReader,
): ReadonlyMap<string, unknown> {
  const sections = new Map<string, unknown>();
  for (const config of gateConfigs) {
    const { key, absent } = config;
    const raw = reader.section(key, config.schema);
    if (!raw.ok) continue;
    // A gate names places within its section; whether it says the section's own key first makes no difference.
    const problem = (path: ConfigPath, message: string): void =>
      context.problem(path[0] === key ? path : [key, ...path], message);
    sections.set(key, config.resolve(raw.value ?? absent, Object.freeze({ ...context, problem })));
  }
  return sections;
}
