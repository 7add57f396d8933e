import { HostError } from '../../contracts/errors.ts';
import type { SecretMask } from '../../contracts/run-secrets.ts';
import { createOutputReader } from './process-output.ts';
import type { ProcessRequest, ProcessResult, ProcessSandbox, ProcessSpawner, ToolMount } from './process-request.ts';
import { secretVariables, type ToolSecrets } from './secret-variable.ts';
import { failed, type ToolResult } from './tool-output.ts';
import type { ProcessTool } from './process-tool.ts';
import type { ProcessTarget } from './request.ts';
import type { ToolDeclaration } from './tool-declaration.ts';

/** What runs the declared programs of one run. */
export interface ProcessCalls {
  call(target: ProcessTarget, timeoutMs: number): Promise<ToolResult>;
}

export interface ProcessCallOptions {
  readonly tools: readonly ProcessTool[];
  readonly spawner: ProcessSpawner;
  readonly mounts: readonly ToolMount[];
  /** Bytes that one call may carry. */
  readonly callBytes: number;
  /** Whether some rule lets this agent call the tool, whatever the arguments. */
  readonly mayCall: (name: string) => boolean;
  /** Absent: no program is given a secret. */
  readonly secrets?: ToolSecrets;
}

/** Runs declared programs. Throws `ERR_CONFIG_INVALID` if one cannot be run as declared. */
export function createProcessCalls({
  tools,
  spawner,
  mounts,
  callBytes,
  mayCall,
  secrets,
}: ProcessCallOptions): ProcessCalls {
  const [exposed] = exposedPrograms(tools, writableOf(mounts));
  if (exposed !== undefined) {
    throw new HostError(
      'ERR_CONFIG_INVALID',
      `tool \`${exposed.tool}\`: agents can write \`${exposed.path}\` through a mount`,
    );
  }
  const fixed = new Map(
    tools.map((tool) => [
      tool,
      { request: requestOf(tool, { spawner, mounts, callBytes }), read: createOutputReader(tool, callBytes) },
    ]),
  );
  const callable = tools.filter(({ name }) => mayCall(name));
  spawner.prepare(callable.flatMap((tool) => fixed.get(tool)?.request ?? []));

  return Object.freeze({
    async call({ tool, argv, stdin }: ProcessTarget, timeoutMs: number): Promise<ToolResult> {
      const known = fixed.get(tool);
      if (known === undefined) return failed('unknown-tool');
      const variables = secretVariables(tool.name, secrets);
      const lent = variables.length === 0 ? {} : { secretEnvironment: variables };
      const result = await spawner.run({ ...known.request, ...lent, argv, stdin, timeoutMs });
      switch (result.status) {
        case 'exited':
          return known.read(masked(result, secrets?.values.mask()));
        case 'timed-out':
        case 'not-started':
          return failed(result.status);
        case 'changed':
          return { status: 'denied', reason: 'protected-resource', facts: { detail: { changed: tool.file } } };
      }
    },
  });
}

type Exited = Extract<ProcessResult, { status: 'exited' }>;

/** Before anything reads it: what is checked is what the agent gets. */
function masked(result: Exited, mask: SecretMask | undefined): Exited {
  if (mask === undefined) return result;
  const end = result.truncated ? 'cut' : 'whole';
  return { ...result, stdout: mask.bytes(result.stdout, end), stderr: mask.bytes(result.stderr, end) };
}

const writableOf = (mounts: readonly ToolMount[]): string[] =>
  mounts.filter(({ access }) => access === 'rw').map(({ directory }) => directory);

/** What each call of a tool has in common. */
function requestOf(
  tool: ProcessTool,
  { spawner, mounts, callBytes }: Pick<ProcessCallOptions, 'spawner' | 'mounts' | 'callBytes'>,
): ProcessRequest {
  const { confinement } = tool;
  const sandbox = confinement.sandbox && sandboxOf(tool, confinement.sandbox, mounts);
  return {
    file: tool.file,
    name: tool.command,
    argv: [],
    environment: tool.environment,
    directory: directoryOf(tool, mounts),
    stdin: undefined,
    takesInput: tool.stdin !== undefined,
    umask: confinement.umask,
    limits: confinement.limits,
    sandbox,
    timeoutMs: tool.timeoutMs,
    mostOutputBytes: Math.min(tool.maxOutputBytes, Math.floor(callBytes / 2)),
    identity: tool.identity ?? spawner.identify(tool.file),
    sha256: tool.sha256,
  };
}

type DeclaredSandbox = NonNullable<ProcessTool['confinement']['sandbox']>;

/** The sandbox of a tool. Its working directory is shown read-only, unless it is declared otherwise. */
function sandboxOf(tool: ProcessTool, declared: DeclaredSandbox, mounts: readonly ToolMount[]): ProcessSandbox {
  const { directory, programs } = tool;
  const own = directory.kind === 'mount' && !declared.mounts.some(({ path }) => path === directory.path);
  const shown = own ? [...declared.mounts, { path: directory.path, access: 'ro' as const }] : declared.mounts;
  return {
    mounts: shown.map(({ path, access }) => {
      const mount = mountOf(tool.name, path, mounts);
      if (access === 'ro' || mount.access === 'rw') return { path, access, directory: mount.directory };
      throw new HostError('ERR_CONFIG_INVALID', `tool \`${tool.name}\`: the mount \`${path}\` is not \`rw\``);
    }),
    readOnly: declared.readOnly,
    scripts: programs.slice(1),
    network: declared.network,
  };
}

function mountOf(tool: string, path: string, mounts: readonly ToolMount[]): ToolMount {
  const mount = mounts.find((known) => known.path === path);
  if (mount !== undefined) return mount;
  throw new HostError('ERR_CONFIG_INVALID', `tool \`${tool}\`: there is no mount \`${path}\``);
}

function directoryOf({ name, directory, confinement }: ProcessTool, mounts: readonly ToolMount[]): string {
  if (directory.kind === 'host') return directory.path;
  return confinement.sandbox === undefined ? mountOf(name, directory.path, mounts).directory : directory.path;
}

/** Programs and scripts that lie in a directory which agents can write: whoever writes them chooses what is run. */
export function exposedPrograms(
  tools: readonly ToolDeclaration[],
  writable: readonly string[],
): readonly { readonly tool: string; readonly path: string }[] {
  return tools.flatMap((tool) =>
    programsOf(tool)
      .filter((path) => writable.some((directory) => path.startsWith(`${directory}/`)))
      .map((path) => ({ tool: tool.name, path })),
  );
}

const programsOf = (tool: ToolDeclaration): readonly string[] => (tool.kind === 'process' ? tool.programs : []);
