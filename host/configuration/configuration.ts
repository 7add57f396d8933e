import { basename, dirname, join, resolve } from 'node:path';
import { labelledResources, type RawClassification } from './classification.ts';
import { HostError } from '../contracts/errors.ts';
import { didYouMean } from '../contracts/suggestion.ts';
import type { HostPowers } from '../host-powers.ts';
import { parseManifest, type Manifest } from '../manifest/manifest.ts';
import { loadPolicy, type PolicySnapshot, type PolicySource } from '../policy/policy-snapshot.ts';
import { readValues, type DetectorConfig } from '../redaction/detector-config.ts';
import { decodePolicyText } from './policy-text.ts';
import { checkPrices } from './prices.ts';
import type { SourceText } from '../policy/policy-file.ts';
import type { ReadText } from '../powers/text-file.ts';
import { refuseMisplacedSecrets, withPasswords } from './secret-places.ts';
import { exposures, gateConfigs, vocabularyOf, type GateSettings } from './settings.ts';

/** A configuration and its policy, read and checked together: what a host works under. */
export interface Configuration {
  readonly manifest: Manifest;
  readonly settings: GateSettings;
  /** The texts that `policy` was loaded from. */
  readonly texts: PolicySource;
  readonly policy: PolicySnapshot;
}

const MOST_CONFIGURATION_BYTES = 1 << 20;
const MOST_POLICY_BYTES = 256 << 20;

/** Reads `sallyport.yaml`, without the policy: enough to find the audit directory. Throws `ERR_CONFIG_*`. */
export function readManifest(
  file: string,
  workingDirectory: string,
  powers: HostPowers,
): { manifest: Manifest; settings: GateSettings } {
  const path = resolve(workingDirectory, file);
  const { bytes } = readBytes(path, file, 'ERR_CONFIG_READ', MOST_CONFIGURATION_BYTES, powers);
  const configs = gateConfigs(powers.inspector);
  const manifest = parseManifest(bytes, path, Object.values(configs), powers);
  const declared: GateSettings = {
    http: manifest.section(configs.http),
    fs: manifest.section(configs.fs),
    db: manifest.section(configs.db),
    tools: manifest.section(configs.tools),
    log: manifest.section(configs.log),
    policyCheck: manifest.section(configs.policyCheck),
    classification: classificationOf(file, manifest, manifest.section(configs.classification)),
    secrets: manifest.section(configs.secrets),
    detectors: withValues(file, manifest.section(configs.detectors), powers),
  };
  refuseMisplacedSecrets(file, manifest, declared);
  const settings = { ...declared, db: withPasswords(declared.db, declared.secrets) };
  refuseMissingAgents(file, manifest, settings);
  refuseHeldThreads(file, manifest, settings);
  refuseExposed(file, manifest, settings, powers);
  return { manifest, settings };
}

/** Reads configuration and policy. Throws `HostError` with every problem: nothing of either is in force then. */
export function readConfiguration(file: string, workingDirectory: string, powers: HostPowers): Configuration {
  const { manifest, settings } = readManifest(file, workingDirectory, powers);
  const texts = readPolicyTexts(manifest, settings, powers);
  const { deciding } = manifest.policy;
  const policy = loadPolicy(texts, vocabularyOf(manifest, settings.tools, settings.detectors), 1, deciding);
  checkPrices(file, manifest, policy);
  return { manifest, settings, texts, policy };
}

const MOST_VALUE_BYTES = 4 << 20;

/** The detectors with the values of their files. The messages show no value. */
function withValues(file: string, detectors: DetectorConfig, powers: HostPowers): DetectorConfig {
  return new Map(
    [...detectors].map(([name, detector]) => {
      const { valuesFrom } = detector;
      if (valuesFrom === undefined) return [name, detector] as const;
      const { bytes } = readBytes(valuesFrom, valuesFrom, 'ERR_CONFIG_READ', MOST_VALUE_BYTES, powers);
      const { values, problem } = readValues(Buffer.from(bytes).toString());
      if (problem !== undefined)
        throw new HostError('ERR_CONFIG_INVALID', `${file}: detectors: \`${name}\`: \`${valuesFrom}\`: ${problem}`);
      return [name, { ...detector, values: [...detector.values, ...values] }] as const;
    }),
  );
}

/** The labels of resources. They name labels of the configuration. */
function classificationOf(file: string, { labels }: Manifest, entries: readonly RawClassification[]) {
  const hints: string[] = [];
  const resources = labelledResources(entries, labels, (message) => hints.push(`${file}: ${message}`));
  if (hints.length === 0) return resources;
  throw new HostError('ERR_CONFIG_INVALID', `\`${file}\` classifies data with labels that it does not have`, { hints });
}

/** Reads the files of a policy as they are now. Throws `ERR_POLICY_READ`. */
export function readPolicyTexts(
  { policy }: Pick<Manifest, 'policy'>,
  settings: GateSettings,
  powers: HostPowers,
): PolicySource {
  const model = join(policy.directory, MODEL_FILE);
  return {
    policy: readText(policy.rules, settings, powers),
    ...(powers.probe.kind(model) === undefined ? {} : { model: readText(model, settings, powers) }),
  };
}

/** Reads the tests of a policy, if there are any. Throws `ERR_POLICY_READ`. */
export function readPolicyTests(
  { policy }: Pick<Manifest, 'policy'>,
  settings: GateSettings,
  powers: HostPowers,
): SourceText | undefined {
  const tests = join(policy.directory, TESTS_FILE);
  return powers.probe.kind(tests) === undefined ? undefined : readText(tests, settings, powers);
}

export const MODEL_FILE = 'model.conf';
export const TESTS_FILE = 'tests.yaml';

/** A tool that is an agent names one that is there. */
function refuseMissingAgents(file: string, { agents }: Manifest, { tools }: GateSettings): void {
  const hints = tools.tools.flatMap((tool) =>
    tool.kind !== 'component' || agents.has(tool.agent)
      ? []
      : [
          `${file}: tools.${tool.name}.agent: there is no agent \`${tool.agent}\`${didYouMean(tool.agent, agents.keys())}`,
        ],
  );
  if (hints.length > 0)
    throw new HostError('ERR_CONFIG_INVALID', `\`${file}\` declares a tool that is an agent which it does not have`, {
      hints,
    });
}

/** SQLite answers in the thread that asks: on a shared one it would hold all others. */
function refuseHeldThreads(file: string, { agents }: Manifest, { db }: GateSettings): void {
  const [database] = [...db.databases].find(([, { target }]) => target.kind === 'sqlite') ?? [];
  const shared = [...agents.values()].filter(({ cell }) => cell === 'shared');
  if (database === undefined || shared.length === 0) return;
  const hints = shared.map(({ name }) => `${file}: agents.${name}.cell: \`thread\` or \`process\``);
  throw new HostError(
    'ERR_CONFIG_INVALID',
    `\`${file}\` has agents on a shared thread, and the SQLite database \`${database}\`, which would hold that thread`,
    { hints },
  );
}

/** What agents could write must not be what the host relies on: its records, its rules, its cache, what it runs. */
function refuseExposed(file: string, manifest: Manifest, settings: GateSettings, powers: HostPowers): void {
  const { audit, cache, state, policy, agents } = manifest;
  const named = [
    ...[audit.directory, cache.directory, state.directory, manifest.file],
    // Whether they are there or not: a file that comes into being there is read. A folder beside them is not.
    ...['policy.csv', 'model.conf', 'tests.yaml'].map((name) => join(policy.directory, name)),
    ...[...agents.values()].map(({ component }) => component),
  ];
  // CWE-59: where a name is a link, what counts is where it leads; the name itself could be exchanged.
  const relied = new Set([...named, ...named.map((path) => realOf(path, powers))]);
  const hints = exposures(settings, [...relied]).map((text) => `${file}: ${text}`);
  if (hints.length > 0)
    throw new HostError('ERR_CONFIG_INVALID', `\`${file}\` lets agents change what the host relies on`, { hints });
}

/** A component that agents can write must not run: whoever writes it runs with the rights of another agent. */
export function refuseExposedComponent({ settings }: Configuration, component: string, powers: HostPowers): void {
  const hints = exposures(settings, [component, realOf(component, powers)]);
  if (hints.length > 0)
    throw new HostError('ERR_COMPONENT_REFUSED', 'agents can write the component that is to run', { hints });
}

/** A path with its links resolved, as far as it exists. */
function realOf(path: string, { probe }: Pick<HostPowers, 'probe'>): string {
  const real = probe.real(path);
  if (real !== undefined || dirname(path) === path) return real ?? path;
  return join(realOf(dirname(path), { probe }), basename(path));
}

/** Refuses a file of the policy that agents can write; `real` is where it is, without links. */
export function refuseExposedTexts(settings: GateSettings, path: string, real: string): void {
  const hints = exposures(settings, [real]);
  if (hints.length > 0) throw new HostError('ERR_POLICY_READ', `agents can write \`${path}\``, { hints });
}

function readText(path: string, settings: GateSettings, powers: HostPowers): SourceText {
  const { bytes, real } = readBytes(path, path, 'ERR_POLICY_READ', MOST_POLICY_BYTES, powers);
  // CWE-59: a link may have been exchanged since the configuration was checked. What counts is the file that was opened.
  refuseExposedTexts(settings, path, real);
  return decodePolicyText(path, bytes);
}

function readBytes(
  path: string,
  shown: string,
  code: 'ERR_CONFIG_READ' | 'ERR_POLICY_READ',
  most: number,
  { probe, texts }: HostPowers,
): ReadText {
  const kind = probe.kind(path);
  if (kind === undefined) {
    const hints = code === 'ERR_CONFIG_READ' ? ['name the configuration with `--config`'] : [];
    throw new HostError(code, `there is no file \`${shown}\``, { hints });
  }
  if (kind !== 'file')
    throw new HostError(code, `\`${shown}\` is ${kind === 'directory' ? 'a directory' : 'not a regular file'}`);
  try {
    return texts.readPlaced(path, most);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HostError(code, `\`${shown}\` cannot be read: ${reason}`, { cause });
  }
}
