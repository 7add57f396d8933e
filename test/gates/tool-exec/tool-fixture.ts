import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Obligations } from '../../../host/contracts/decision.ts';
import type { Access } from '../../../host/contracts/request.ts';
import { toolConfig, type ToolConfig, type ToolSection } from '../../../host/gates/tool-exec/config.ts';
import type { ToolSecrets, ToolSupervisor } from '../../../host/gates/tool-exec/index.ts';
import type { ProcessRequest, ProcessResult, ToolMount } from '../../../host/gates/tool-exec/process-request.ts';
import type { ToolOutput } from '../../../host/gates/tool-exec/tool-output.ts';
import { createToolGate } from '../../../host/gates/tool-exec/index.ts';
import type { ToolError } from '../../../host/gates/tool-exec/wit-error.ts';
import { fileIdentity } from '../../../host/powers/file-identity.ts';
import { createPathProbe } from '../../../host/powers/path-probe.ts';
import { createProcessSpawner } from '../../../host/powers/process-spawner.ts';
import { testPipeline } from '../../support/pipeline.ts';

export const PROBE = fileURLToPath(new URL('probe.mjs', import.meta.url));
export const NODE = realpathSync(process.execPath);

/** What the probe says of itself. */
export interface Probed {
  readonly argv: string[];
  readonly env: Record<string, string>;
  readonly cwd: string;
  readonly descriptors: string[];
  readonly terminal: boolean;
  readonly session: boolean;
  readonly stdin: string;
}

/** `sallyport:agent/tool-exec` as a guest sees it. */
export interface GuestTools {
  list(): { name: string; description: string; inputSchema: string }[];
  call(name: string, json: string): Promise<ToolOutput>;
}

export interface ToolFixtureOptions {
  readonly allow?: (access: Access) => boolean;
  readonly mayCall?: (name: string) => boolean;
  readonly mounts?: (folder: string) => ToolMount[];
  readonly obligations?: Obligations;
  readonly callBytes?: number;
  readonly auditFailsAt?: number;
  /** What lies outside the cell; nothing, if absent. */
  readonly supervisor?: ToolSupervisor;
  readonly secrets?: ToolSecrets;
}

/** A supervisor that is not to be asked. */
export const NO_SUPERVISOR: ToolSupervisor = {
  callFunction: () => Promise.reject(new Error('nobody answers')),
  runAgent: () => Promise.reject(new Error('nobody answers')),
};

/** Resolves a section as the configuration file would. */
export function resolveTools(section: ToolSection, directory = '/'): { config: ToolConfig; problems: string[] } {
  const problems: string[] = [];
  const probe = { ...createPathProbe(), identity: fileIdentity };
  const config = toolConfig.resolve(toolConfig.schema.parse(section), {
    directory,
    probe,
    problem: (path, message) => problems.push(`${path.join('.')}: ${message}`),
  });
  return { config, problems };
}

/** A program, as the configuration file declares it. */
export type RawTool = Extract<ToolSection[string], { command: string }>;

/** A tool whose program is the probe. `template` comes after its script. */
export function probeTool(template: string[], properties: object, more: Partial<RawTool> = {}): RawTool {
  return {
    description: 'says what it was started with',
    isolation: 'none',
    command: NODE,
    arguments: [PROBE, ...template],
    schema: { type: 'object', properties, additionalProperties: false },
    ...more,
  };
}

/** A gate over real processes. */
export function toolFixture(
  section: ToolSection | ((folder: string) => ToolSection),
  options: ToolFixtureOptions = {},
) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-tools-')));
  try {
    return gateIn(folder, section, options);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function gateIn(folder: string, section: ToolSection | ((folder: string) => ToolSection), options: ToolFixtureOptions) {
  const { config, problems } = resolveTools(typeof section === 'function' ? section(folder) : section, folder);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const policy = testPipeline({
    allow: options.allow ?? (() => true),
    ...(options.obligations ? { obligations: options.obligations } : {}),
    ...(options.auditFailsAt === undefined ? {} : { auditFailsAt: options.auditFailsAt }),
  });
  const ledger: string[] = [];
  const runs: string[] = [];
  const spawner = createProcessSpawner({
    started: (pid) => ledger.push(`started ${pid}`),
    ended: (pid) => ledger.push(`ended ${pid}`),
  });
  /** What was really started, by how it ended. */
  async function run(request: ProcessRequest): Promise<ProcessResult> {
    const result = await spawner.run(request);
    if (result.status !== 'changed' && result.status !== 'not-started') runs.push(result.status);
    return result;
  }
  const gate = createToolGate({
    pipeline: policy.pipeline,
    config,
    spawner: { ...spawner, run },
    supervisor: options.supervisor ?? NO_SUPERVISOR,
    mounts: options.mounts?.(folder) ?? [],
    callBytes: options.callBytes ?? 1 << 20,
    mayCall: options.mayCall ?? (() => true),
    ...(options.secrets === undefined ? {} : { secrets: options.secrets }),
  });
  const tools = gate.imports.get('sallyport:agent/tool-exec') as unknown as GuestTools; // typed by WIT, not by TypeScript
  return {
    ...policy,
    gate,
    tools,
    folder,
    ledger,
    runs,
    config,
    /** Calls a tool and reads what the probe said. */
    async probe(name: string, json: object): Promise<Probed> {
      const { stdout, stderr } = await tools.call(name, JSON.stringify(json));
      if (stdout === '') throw new Error(stderr);
      return JSON.parse(stdout) as Probed; // the shape that `probe.mjs` writes
    },
    [Symbol.dispose](): void {
      void gate.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The WIT error that a call ends with. */
export async function toolErrorOf(call: Promise<unknown>): Promise<ToolError> {
  const answer: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (typeof answer !== 'object' || answer === null || !('payload' in answer)) {
    throw new Error(`no WIT error: ${String(answer)}`);
  }
  return answer.payload as ToolError; // whatever a gate throws is a payload of its own error variant
}

/** The tag of the WIT error, with the reason of a denial. */
export async function toolTagOf(call: Promise<unknown>): Promise<string> {
  const error = await toolErrorOf(call);
  return error.tag === 'denied' ? `denied:${error.val.reason}` : error.tag;
}

/** Whether a process exists and is not just a dead one that nobody has reaped. */
export async function isAlive(pid: number): Promise<boolean> {
  const { readFile } = await import('node:fs/promises');
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) [ZX]/.test(stat);
}
