import { HostError } from '../../contracts/errors.ts';
import { createOutputReader } from './process-output.ts';
import { failed, type ToolResult } from './tool-output.ts';
import type { ProcessTool } from './process-tool.ts';
import type { ProcessTarget } from './request.ts';
import type { ToolDeclaration } from './tool-declaration.ts';

/** What a process may use; `undefined` where there is no limit. */
export interface ProcessLimits {
  /** Private memory of each process, and resident memory of all of them. */
  readonly memoryBytes: number | undefined;
  readonly processes: number | undefined;
  /** The longest file that may be written. */
  readonly fileBytes: number | undefined;
  readonly cpuSeconds: number | undefined;
  readonly openFiles: number | undefined;
}

/** What a process finds in a sandbox of its own, besides the read-only system and a private `/tmp`. */
export interface ProcessSandbox {
  readonly mounts: readonly ToolMount[];
  /** Directories of the host, under their own name. */
  readonly readOnly: readonly string[];
  /** Files that the program is given to run. */
  readonly scripts: readonly string[];
  readonly network: boolean;
}

/** One process to run. Nothing is added to it: no shell, no inherited variable, no other descriptor. */
export interface ProcessRequest {
  readonly file: string;
  /** `argv[0]`. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly environment: readonly (readonly [string, string])[];
  /** In the sandbox, where there is one. */
  readonly directory: string;
  /** Standard input is empty without it. */
  readonly stdin: Uint8Array | undefined;
  /** Whether calls of this kind may have an input at all. */
  readonly takesInput: boolean;
  readonly umask: number;
  readonly limits: ProcessLimits;
  /** Without it, the process sees the machine as the host does. */
  readonly sandbox: ProcessSandbox | undefined;
  readonly timeoutMs: number;
  /** Of standard output, and of standard error. More ends the process. */
  readonly mostOutputBytes: number;
  /** What `identify` said of the file when it was declared. */
  readonly identity: string | undefined;
  /** SHA-256 of the file, hex: exactly these bytes are run. */
  readonly sha256: string | undefined;
}

export type ProcessResult =
  | {
      readonly status: 'exited';
      /** 128 and the number of the signal, where one ended it. */
      readonly exitCode: number;
      readonly stdout: Uint8Array;
      readonly stderr: Uint8Array;
      readonly truncated: boolean;
      /** Which limit ended it, where one of the whole tree did. */
      readonly exceeded: 'memory' | 'processes' | undefined;
    }
  | { readonly status: 'timed-out' }
  | { readonly status: 'not-started' }
  /** The file is not the one that was declared. */
  | { readonly status: 'changed' };

/** Runs processes, each in a process group of its own that never outlives its call. */
export interface ProcessSpawner {
  /** A text that changes whenever the file is replaced or written. */
  identify(file: string): string | undefined;
  /** Gets ready for calls that may come. Of the requests, argument list and input do not count. */
  prepare(requests: readonly ProcessRequest[]): void;
  run(request: ProcessRequest): Promise<ProcessResult>;
  /** Ends every process that still runs. */
  close(): void | Promise<void>;
}

/** A mount, as far as tools are concerned. */
export interface ToolMount {
  readonly path: string;
  readonly directory: string;
  readonly access: 'ro' | 'rw';
}

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
}

/** Runs declared programs. Throws `ERR_CONFIG_INVALID` if one cannot be run as declared. */
export function createProcessCalls({ tools, spawner, mounts, callBytes, mayCall }: ProcessCallOptions): ProcessCalls {
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
      const result = await spawner.run({ ...known.request, argv, stdin, timeoutMs });
      switch (result.status) {
        case 'exited':
          return known.read(result);
        case 'timed-out':
        case 'not-started':
          return failed(result.status);
        case 'changed':
          return { status: 'denied', reason: 'protected-resource', facts: { detail: { changed: tool.file } } };
      }
    },
  });
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
