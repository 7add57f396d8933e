import { HostError } from '../../contracts/errors.ts';
import type { DriverResult } from '../../enforcement/effect.ts';
import type { Grant, Redeem } from '../../enforcement/grant.ts';
import type { ToolConfig, ToolDeclaration } from './config.ts';
import type { ToolTarget } from './request.ts';

/** Why a tool did not answer. */
export type ToolFailure = 'unknown-tool' | 'timed-out' | 'too-large' | 'not-started';

/** One process to run. Nothing is added to it: no shell, no inherited variable, no other descriptor. */
export interface ProcessRequest {
  readonly file: string;
  /** `argv[0]`. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly environment: readonly (readonly [string, string])[];
  readonly directory: string;
  /** Closed without it. */
  readonly stdin: Uint8Array | undefined;
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
    }
  | { readonly status: 'timed-out' }
  | { readonly status: 'not-started' }
  /** The file is not the one that was declared. */
  | { readonly status: 'changed' };

/** Runs processes, each in a process group of its own that never outlives its call. */
export interface ProcessSpawner {
  /** A text that changes whenever the file is replaced or written. */
  identify(file: string): string | undefined;
  run(request: ProcessRequest): Promise<ProcessResult>;
  /** Ends every process that still runs. */
  close(): void;
}

/** A mount, as far as tools are concerned. */
export interface ToolMount {
  readonly path: string;
  readonly directory: string;
  readonly access: 'ro' | 'rw';
}

export interface ToolDriverOptions {
  readonly config: ToolConfig;
  readonly spawner: ProcessSpawner;
  readonly mounts: readonly ToolMount[];
  readonly redeem: Redeem;
  /** Bytes that one call may carry. */
  readonly callBytes: number;
}

/** The record `output` of the WIT. */
export interface ToolOutput {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
}

/** Runs declared programs. Throws `ERR_CONFIG_INVALID` if one cannot be run as declared. */
export function createToolDriver({ config, spawner, mounts, redeem, callBytes }: ToolDriverOptions) {
  const [exposed] = exposedPrograms(config, writableOf(mounts));
  if (exposed !== undefined) {
    throw new HostError(
      'ERR_CONFIG_INVALID',
      `tool \`${exposed.tool}\`: agents can write \`${exposed.path}\` through a mount`,
    );
  }
  const fixed = new Map(
    config.tools.map((tool) => [
      tool,
      { directory: directoryOf(tool, mounts), identity: tool.identity ?? spawner.identify(tool.file) },
    ]),
  );

  return Object.freeze({
    async call(grant: Grant<ToolTarget>): Promise<DriverResult<ToolOutput, ToolFailure>> {
      const { target, obligations } = redeem(grant);
      const { tool, argv, stdin } = target;
      const known = tool && fixed.get(tool);
      if (tool === undefined || known === undefined) return failed('unknown-tool');
      const result = await spawner.run({
        file: tool.file,
        name: tool.command,
        argv,
        environment: tool.environment,
        directory: known.directory,
        stdin,
        timeoutMs: Math.min(tool.timeoutMs, obligations.timeoutMs ?? Infinity),
        mostOutputBytes: Math.min(tool.maxOutputBytes, Math.floor(callBytes / 2)),
        identity: known.identity,
        sha256: tool.sha256,
      });
      switch (result.status) {
        case 'exited':
          return outputOf(result, callBytes);
        case 'timed-out':
        case 'not-started':
          return failed(result.status);
        case 'changed':
          return { status: 'denied', reason: 'protected-resource', facts: { detail: { changed: tool.file } } };
      }
    },
    close: () => spawner.close(),
  });
}

const failed = (failure: ToolFailure): DriverResult<never, ToolFailure> => ({
  status: 'failed',
  failure,
  code: failure,
});

const writableOf = (mounts: readonly ToolMount[]): string[] =>
  mounts.filter(({ access }) => access === 'rw').map(({ directory }) => directory);

function directoryOf({ name, directory }: ToolDeclaration, mounts: readonly ToolMount[]): string {
  if (directory.kind === 'host') return directory.path;
  const mount = mounts.find(({ path }) => path === directory.path);
  if (mount !== undefined) return mount.directory;
  throw new HostError('ERR_CONFIG_INVALID', `tool \`${name}\`: there is no mount \`${directory.path}\``);
}

function outputOf(
  result: Extract<ProcessResult, { status: 'exited' }>,
  callBytes: number,
): DriverResult<ToolOutput, ToolFailure> {
  const { exitCode, truncated } = result;
  const bytesIn = result.stdout.length + result.stderr.length;
  const facts = { bytesIn, detail: { exitCode, truncated } };
  // Bytes that are not UTF-8 become U+FFFD, three bytes each.
  const [stdout, stderr] = [textOf(result.stdout), textOf(result.stderr)];
  if (Buffer.byteLength(stdout) + Buffer.byteLength(stderr) > callBytes) return { ...failed('too-large'), facts };
  return { status: 'ok', value: { exitCode, stdout, stderr, truncated }, facts };
}

const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

/** Programs and scripts that lie in a directory which agents can write: whoever writes them chooses what is run. */
export function exposedPrograms(
  config: ToolConfig,
  writable: readonly string[],
): readonly { readonly tool: string; readonly path: string }[] {
  return config.tools.flatMap(({ name, programs }) =>
    programs
      .filter((path) => writable.some((directory) => path.startsWith(`${directory}/`)))
      .map((path) => ({ tool: name, path })),
  );
}
