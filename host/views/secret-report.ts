import { readConfiguration } from '../configuration/configuration.ts';
import type { SecretOrigin } from '../gates/http/secret-binding.ts';
import { createHostPowers, type HostPowers } from '../host-powers.ts';
import { createDestinations } from '../policy/origin-reach.ts';
import { createReach } from '../policy/reach.ts';
import type { PolicySlice } from '../policy/policy-snapshot.ts';
import type { SecretSettings } from '../configuration/secret-section.ts';
import { readOne } from '../runs/secret-use.ts';
import { sourceText } from '../secrets/source.ts';

/** One place into which a secret may be put. */
export interface SecretUse {
  readonly kind: 'http' | 'database' | 'tool';
  /** `authorization to api.example.com`, a database, `VARIABLE of TOOL`. */
  readonly where: string;
  /** Whether the rules of some agent that may use it let anything go there. */
  readonly reachable: boolean;
}

/** What is known of one secret: never its value, nor anything that was made from it. */
export interface SecretReport {
  readonly name: string;
  readonly source: string;
  readonly uses: readonly SecretUse[];
  /** `undefined`: every agent. */
  readonly agents?: readonly string[];
  /** What is probably not meant. */
  readonly warnings: readonly string[];
}

/** Whether a secret can be had now. */
export interface CheckedSecret extends SecretReport {
  readonly answers: boolean;
  /** Why not. */
  readonly problem?: string;
}

/** Where a configuration is. */
export interface SecretsLocation {
  readonly configuration: string;
  readonly workingDirectory: string;
}

/** The secrets of a configuration, and what they are bound to. No source is asked. */
export function listSecrets(
  location: SecretsLocation,
  powers: HostPowers = createHostPowers(),
): readonly SecretReport[] {
  return reportsOf(location, powers).map(({ report }) => report);
}

/** The same, and whether each source answers: it is read, looked at, and forgotten. */
export async function checkSecrets(
  location: SecretsLocation,
  powers: HostPowers = createHostPowers(),
): Promise<readonly CheckedSecret[]> {
  return Promise.all(
    reportsOf(location, powers).map(async ({ report, secret, settings }): Promise<CheckedSecret> => {
      const read = await readOne(report.name, secret, settings, powers);
      return 'unavailable' in read
        ? { ...report, answers: false, problem: read.unavailable }
        : { ...report, answers: true };
    }),
  );
}

function reportsOf({ configuration, workingDirectory }: SecretsLocation, powers: HostPowers) {
  const { settings, manifest, policy } = readConfiguration(configuration, workingDirectory, powers);
  return [...settings.secrets].map(([name, secret]) => {
    const agents = [...manifest.agents.keys()].filter((agent) => secret.agents?.includes(agent) ?? true);
    const slices = agents.map((agent) => policy.sliceFor(`agent:${agent}`));
    const uses = usesIn(secret, slices);
    const report: SecretReport = {
      name,
      source: sourceText(secret.source),
      uses,
      ...(secret.agents === undefined ? {} : { agents: secret.agents }),
      warnings: [...warningsOf(uses), ...breadthOf(secret, slices)],
    };
    return { report, secret, settings };
  });
}

function usesIn({ http, databases, tools }: SecretSettings, slices: readonly PolicySlice[]): readonly SecretUse[] {
  const destinations = slices.map(createDestinations);
  const reaches = slices.map(createReach);
  return [
    ...http.flatMap(({ header, origins }) =>
      origins.map((family): SecretUse => {
        const reachable = destinations.some(({ origin }) => origin(family));
        return { kind: 'http', where: `${header} to ${originText(family)}`, reachable };
      }),
    ),
    ...databases.map((name): SecretUse => {
      return { kind: 'database', where: name, reachable: destinations.some(({ database }) => database(name)) };
    }),
    ...tools.map(({ tool, variable }): SecretUse => {
      const reachable = reaches.some((reach) => reach('tool:call', `tool:${tool}`));
      return { kind: 'tool', where: `${variable} of ${tool}`, reachable };
    }),
  ];
}

function warningsOf(uses: readonly SecretUse[]): readonly string[] {
  if (uses.length === 0) return ['it is bound to nothing'];
  return uses
    .filter(({ reachable }) => !reachable)
    .map(({ kind, where }) => `no rule allows its use: ${kind} ${where}`);
}

/** Where it goes without TLS, and where it would go although nobody is sent there. */
function breadthOf({ http }: SecretSettings, slices: readonly PolicySlice[]): readonly string[] {
  const destinations = slices.map(createDestinations);
  return http.flatMap(({ header, origins }) =>
    origins.flatMap((family) => {
      const use = `http ${header} to ${originText(family)}`;
      const plain = family.scheme === 'http' ? [`it is sent without TLS: ${use}`] : [];
      const named = family.wild ? destinations.map((reach) => reach.named(family)) : [];
      if (named.includes(undefined)) return plain;
      const hosts = [...new Set(named.flatMap((some) => some ?? []))];
      return hosts.length === 0
        ? plain
        : [
            ...plain,
            `its wildcard is wider than the rules, which name ${hosts.map((host) => `\`${host}\``).join(', ')}: ${use}`,
          ];
    }),
  );
}

function originText({ scheme, host, wild, port }: SecretOrigin): string {
  const standard = scheme === 'https' ? 443 : 80;
  return `${scheme}://${wild ? '*.' : ''}${host}${port === standard ? '' : `:${port}`}`;
}
