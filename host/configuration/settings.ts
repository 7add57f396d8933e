import type { ServedInterface } from '../contracts/served-interface.ts';
import { classificationConfig } from './classification.ts';
import type { LabelledResource } from '../contracts/label.ts';
import { createDbConfig, type DbConfig } from '../gates/db/config.ts';
import { ACTIONS as DB_ACTIONS, DB_INTERFACE, isDbArgument } from '../gates/db/index.ts';
import { exposedPaths, fsConfig, shows, type FsConfig } from '../gates/fs/config.ts';
import { FS_ACTIONS, FS_INTERFACE, isFsArgument } from '../gates/fs/index.ts';
import { httpConfig, type HttpConfig } from '../gates/http/config.ts';
import { exposedPostgresFiles, passwordVariables } from '../gates/db/postgres-entry.ts';
import { exposedCredentials } from '../gates/http/tls-exposure.ts';
import { ACTIONS as HTTP_ACTIONS, HTTP_INTERFACE, isHttpArgument } from '../gates/http/index.ts';
import { logConfig, type LogConfig } from '../gates/log/config.ts';
import { ACTIONS as LOG_ACTIONS, LOG_INTERFACE } from '../gates/log/index.ts';
import { policyCheckConfig, type PolicyCheckConfig } from '../gates/policy/config.ts';
import { ACTIONS as POLICY_ACTIONS, POLICY_INTERFACE } from '../gates/policy/index.ts';
import { toolConfig, type ToolConfig } from '../gates/tool-exec/config.ts';
import { isToolArgument } from '../gates/tool-exec/request.ts';
import { exposedPrograms, TOOL_ACTIONS, TOOL_INTERFACE } from '../gates/tool-exec/index.ts';
import { secretsConfig, type SecretsConfig } from './secret-section.ts';
import type { DatabaseInspector } from '../gates/db/engine.ts';
import { detectorConfig, type DetectorConfig } from '../redaction/detector-config.ts';
import { currencyOf } from './prices.ts';
import { BUILT_IN_NAMES } from '../redaction/builtin.ts';
import type { HostManifest } from '../manifest/host-section.ts';
import type { Vocabulary } from '../policy/vocabulary.ts';
import { WASI_INTERFACES } from '../wasi/interfaces.ts';

/** What the configuration says to each gate. Plain data: it is cloned into the cell. */
export interface GateSettings {
  readonly http: HttpConfig;
  readonly fs: FsConfig;
  readonly db: DbConfig;
  readonly tools: ToolConfig;
  readonly log: LogConfig;
  readonly policyCheck: PolicyCheckConfig;
  /** The labels of resources. */
  readonly classification: readonly LabelledResource[];
  /** What secrets there are, and where they may go. Their values are not here. */
  readonly secrets: SecretsConfig;
  readonly detectors: DetectorConfig;
}

const TYPES_INTERFACE: ServedInterface = {
  name: 'sallyport:agent/types',
  versions: ['0.1.0'],
  servedBy: 'types',
  functions: [],
};

/**
 * The import matrix: what is not in it is refused when a component is loaded. Whatever a rule may put before a person waits
 * under every configuration, so that a policy that changes finds the same guests; what cannot is denied where a rule asks.
 */
export const SERVED: readonly ServedInterface[] = [
  TYPES_INTERFACE,
  HTTP_INTERFACE,
  FS_INTERFACE,
  DB_INTERFACE,
  TOOL_INTERFACE,
  LOG_INTERFACE,
  POLICY_INTERFACE,
  ...WASI_INTERFACES,
];

/** The sections of `sallyport.yaml` that belong to gates. */
export function gateConfigs(inspector: DatabaseInspector) {
  return {
    http: httpConfig,
    fs: fsConfig,
    db: createDbConfig(inspector),
    tools: toolConfig,
    log: logConfig,
    policyCheck: policyCheckConfig,
    classification: classificationConfig,
    secrets: secretsConfig,
    detectors: detectorConfig,
  };
}

/** What agents could write, or read, although the host relies on it: `relied` are its own paths. For the operator. */
export function exposures(
  { fs, tools, db, http, secrets }: GateSettings,
  relied: readonly string[],
): readonly string[] {
  const writable = fs.mounts.filter(({ access }) => access === 'rw').map(({ directory }) => directory);
  return [
    ...exposedPaths(fs, relied).map(
      ({ mount, path }) => `the mount \`${mount}\` is \`rw\` and shows \`${path}\`, which the host relies on`,
    ),
    ...exposedCredentials(http.tls, fs.mounts).map(
      ({ mount, path }) => `the mount \`${mount}\` shows \`${path}\`, with which the host proves itself or others`,
    ),
    // Whoever writes the file, or a journal beside it, writes every table, whatever the rules for `db` say.
    ...[...db.databases].flatMap(([name, { target }]) =>
      exposedPaths(fs, target.kind === 'sqlite' ? [target.path] : []).map(
        ({ mount, path }) => `the mount \`${mount}\` is \`rw\` and shows \`${path}\`, the database \`${name}\``,
      ),
    ),
    ...[...db.databases].flatMap(([name, { target }]) =>
      (target.kind === 'postgres' ? exposedPostgresFiles(target, fs.mounts) : []).map(
        ({ mount, path }) => `the mount \`${mount}\` shows \`${path}\`, with which the host logs in to \`${name}\``,
      ),
    ),
    ...exposedSources(secrets, fs),
    ...exposedPrograms(tools.tools, writable).map(
      ({ tool, path }) => `agents can write the program of the tool \`${tool}\`: \`${path}\``,
    ),
  ];
}

/** Files of secrets that a mount shows, and programs that give secrets and that agents can write. */
function exposedSources(secrets: SecretsConfig, { mounts }: FsConfig): readonly string[] {
  return [...secrets].flatMap(([name, { source }]) => {
    if (source.kind === 'env' || source.kind === 'keyring') return [];
    const path = source.kind === 'file' ? source.path : source.argv[0];
    return mounts
      .filter(({ directory, access }) => shows(directory, path) && (access === 'rw' || source.kind === 'file'))
      .map((mount) => `the mount \`${mount.path}\` shows \`${path}\`, from which the secret \`${name}\` comes`);
  });
}

/** Passwords by the environment variables that hold them: read when a run starts, and given to its gates alone. */
export function passwordsOf(
  { db }: GateSettings,
  environment: (name: string) => string | undefined,
): ReadonlyMap<string, string> {
  const names = passwordVariables([...db.databases.values()].map(({ target }) => target));
  return new Map(names.flatMap((name) => [[name, environment(name)] as const].filter(isSet)));
}

const isSet = (entry: readonly [string, string | undefined]): entry is readonly [string, string] =>
  entry[1] !== undefined;

/** Every action that some gate can ask for. */
const ACTIONS: readonly string[] = [
  ...HTTP_ACTIONS,
  ...FS_ACTIONS,
  ...DB_ACTIONS,
  ...TOOL_ACTIONS,
  ...LOG_ACTIONS,
  ...POLICY_ACTIONS,
];

/** What the words of a policy come from: the host's own part of the configuration. */
export type VocabularySource = Pick<
  HostManifest,
  'purposes' | 'environments' | 'labels' | 'approvers' | 'alerts' | 'groups'
> &
  Partial<Pick<HostManifest, 'prices'>>;

/** The words that a policy may use under this configuration. */
export function vocabularyOf(
  { purposes, environments, labels, approvers, alerts, groups, prices = [] }: VocabularySource,
  tools: ToolConfig,
  detectors: DetectorConfig,
): Vocabulary {
  const [currency, ...others] = new Set(prices.map(currencyOf));
  return {
    // Prices in two currencies are refused where the prices are checked.
    ...(currency === undefined || others.length > 0 ? {} : { currency }),
    ...(groups === undefined ? {} : { groups: [...groups.keys()] }),
    ...{ purposes, environments, labels, alerts, approvers: [...approvers.keys()] },
    detectors: [...BUILT_IN_NAMES, ...detectors.keys()],
    actions: ACTIONS,
    isArgument(action, resourcePattern, name): boolean {
      switch (action.slice(0, action.indexOf(':'))) {
        case 'http':
          return isHttpArgument(name);
        case 'fs':
          return isFsArgument(name);
        case 'db':
          return isDbArgument(name);
        case 'tool': {
          const tool = resourcePattern.replace(/^tool:/, '');
          return isToolArgument(tools, tool.includes('*') ? undefined : tool, name);
        }
        default:
          return false;
      }
    },
  };
}
