import type { AgentRun } from './agent-run-plan.ts';
import type { SecretValues } from './run-spec.ts';
import { HostError } from '../contracts/errors.ts';
import type { Secret } from '../contracts/secret.ts';
import { shows } from '../gates/fs/config.ts';
import type { HostPowers } from '../host-powers.ts';
import { createDestinations } from '../policy/origin-reach.ts';
import type { PolicySlice } from '../policy/policy-snapshot.ts';
import { createReach } from '../policy/reach.ts';
import type { SecretSettings } from '../configuration/secret-section.ts';
import { readSecret, type Unavailable } from '../secrets/reading.ts';
import type { ValueUse } from '../secrets/value.ts';
import type { GateSettings } from '../configuration/settings.ts';

/** What of a run says which secrets it needs. */
export type SecretTerms = Pick<AgentRun, 'configuration' | 'agent' | 'callers'>;

/** What a component imports: the functions that it can call, by interface. */
type Imports = Readonly<Record<string, { readonly functions: readonly string[] }>>;

/** Of all values of one run: each is looked for in some fifty spellings. */
const MOST_BYTES = 16_384;

/** The interfaces through which a component can have a secret used. */
const INTERFACES: Readonly<Record<ValueUse, readonly string[]>> = {
  http: ['sallyport:agent/http', 'wasi:http/outgoing-handler'],
  database: ['sallyport:agent/db'],
  tool: ['sallyport:agent/tool-exec'],
};

/**
 * Reads the secrets that a run can use: those that are bound to something that its component imports and that the rules
 * of its agent, and of every caller, can allow. Throws `ERR_SECRET_UNAVAILABLE` where one of them cannot be had.
 */
export async function readRunSecrets(
  { configuration, agent, callers }: SecretTerms,
  { imports }: { readonly imports: Imports },
  powers: HostPowers,
): Promise<SecretValues | undefined> {
  const { settings, policy } = configuration;
  if (settings.secrets.size === 0) return undefined;
  const slices = [
    policy.sliceFor(`agent:${agent.name}`),
    ...callers.map(({ principal }) => policy.sliceFor(principal.agent)),
  ];
  const chain = [agent.name, ...callers.map(({ principal }) => principal.agent.replace(/^agent:/, ''))];
  const imported = usesOf(imports);
  const needed = [...settings.secrets].flatMap(([name, secret]) => {
    if (!chain.every((member) => secret.agents?.includes(member) ?? true)) return [];
    const uses = reachableUses(secret, slices);
    return [...uses].some((use) => imported.has(use)) ? [{ name, secret }] : [];
  });
  if (needed.length === 0) return undefined;
  const read = await Promise.all(needed.map(({ name, secret }) => readOne(name, secret, settings, powers)));
  const missing = read.filter((answer) => 'unavailable' in answer);
  if (missing.length > 0) throw unavailable(missing);
  const values = new Map(
    read.flatMap((answer) => ('unavailable' in answer ? [] : [[answer.name, answer.reveal()] as const])),
  );
  const bytes = [...values.values()].reduce((sum, value) => sum + Buffer.byteLength(value), 0);
  if (bytes > MOST_BYTES)
    throw new HostError(
      'ERR_SECRET_UNAVAILABLE',
      `the secrets of one run have ${bytes} bytes; the limit is ${MOST_BYTES}`,
    );
  return values;
}

/** Reads one secret, and refuses a file that agents could see. */
export async function readOne(
  name: string,
  secret: SecretSettings,
  { fs }: Pick<GateSettings, 'fs'>,
  { probe, secrets }: Pick<HostPowers, 'probe' | 'secrets'>,
): Promise<Secret | Unavailable> {
  const { source } = secret;
  if (source.kind === 'file') {
    // When the configuration was read it may not have been there, or a link of that name may have led elsewhere.
    const real = probe.real(source.path) ?? source.path;
    const mount = fs.mounts.find(({ directory }) => shows(directory, real));
    if (mount !== undefined)
      return { name, unavailable: `the file \`${source.path}\` is shown by the mount \`${mount.path}\`` };
  }
  return readSecret(name, source, usesFor(secret), secrets);
}

/** Everything that a secret is bound to. */
export function usesFor({ http, databases, tools }: SecretSettings): ReadonlySet<ValueUse> {
  const uses = new Set<ValueUse>();
  if (http.length > 0) uses.add('http');
  if (databases.length > 0) uses.add('database');
  if (tools.length > 0) uses.add('tool');
  return uses;
}

/** What of its uses every one of some slices can allow. */
export function reachableUses(
  { http, databases, tools }: SecretSettings,
  slices: readonly PolicySlice[],
): ReadonlySet<ValueUse> {
  const destinations = slices.map(createDestinations);
  const reaches = slices.map(createReach);
  const uses = new Set<ValueUse>();
  const origins = http.flatMap((binding) => binding.origins);
  if (origins.some((family) => destinations.every(({ origin }) => origin(family)))) uses.add('http');
  if (databases.some((name) => destinations.every(({ database }) => database(name)))) uses.add('database');
  if (tools.some(({ tool }) => reaches.every((reach) => reach('tool:call', `tool:${tool}`)))) uses.add('tool');
  return uses;
}

function usesOf(imports: Imports): ReadonlySet<ValueUse> {
  const uses: readonly ValueUse[] = ['http', 'database', 'tool'];
  return new Set(uses.filter((use) => INTERFACES[use].some((name) => (imports[name]?.functions.length ?? 0) > 0)));
}

function unavailable(missing: readonly Unavailable[]): HostError {
  const [first] = missing;
  const message = `the secret \`${first?.name ?? ''}\` cannot be had: ${first?.unavailable ?? ''}`;
  const hints = missing.slice(1).map(({ name, unavailable: why }) => `the secret \`${name}\`: ${why}`);
  return new HostError('ERR_SECRET_UNAVAILABLE', message, { hints });
}
