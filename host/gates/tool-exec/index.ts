import type { ObligationName } from '../../contracts/decision.ts';
import type { Gate } from '../../contracts/gate.ts';
import { sealInterface } from '../../contracts/guest-import.ts';
import type { ServedInterface } from '../../contracts/served-interface.ts';
import type { Pipeline } from '../../enforcement/enforce.ts';
import { createRedactors, type Redactors } from '../../redaction/redactor.ts';
import type { ToolConfig } from './config.ts';
import { lentTo, type ToolSecrets } from './secret-variable.ts';
import { createToolDriver } from './driver.ts';
import type { ProcessSpawner, ToolMount } from './process-request.ts';
import { createToolParser } from './request.ts';
import type { ToolOutput } from './tool-output.ts';
import type { ToolSupervisor } from './tool-supervisor.ts';
import { toolAnswer } from './wit-error.ts';

export type { ComponentTool } from './component-tool.ts';
export type { ToolConfig } from './config.ts';
export type { ToolSecretBinding, ToolSecrets } from './secret-variable.ts';
export type { ToolDeclaration } from './tool-declaration.ts';
export type { ProcessSpawner, ToolMount } from './process-request.ts';
export { exposedPrograms } from './process-call.ts';
export type { AgentCall, AgentEnd, FunctionCall, FunctionEnd, ToolSupervisor } from './tool-supervisor.ts';
export { isToolArgument, TOOL_ACTIONS } from './request.ts';

export interface ToolGateOptions {
  readonly pipeline: Pipeline;
  readonly config: ToolConfig;
  readonly spawner: ProcessSpawner;
  readonly supervisor: ToolSupervisor;
  /** The mounts of the run: working directories, and where agents can write. */
  readonly mounts: readonly ToolMount[];
  /** Bytes that one call may carry. */
  readonly callBytes: number;
  /** Whether some rule lets this agent call the tool, whatever the arguments. */
  readonly mayCall: (name: string) => boolean;
  /** Secrets that programs are given. Absent: the configuration has none for this agent. */
  readonly secrets?: ToolSecrets;
  /** What `redact` stands for; only what is built in, where there are none. */
  readonly redactors?: Redactors;
}

/** The row of the import matrix. */
export const TOOL_INTERFACE: ServedInterface = {
  name: 'sallyport:agent/tool-exec',
  versions: ['0.1.0'],
  servedBy: 'tool-exec',
  functions: [
    { name: 'list', waits: true },
    { name: 'call', waits: true },
  ],
};

const DISCHARGES: ReadonlySet<ObligationName> = new Set<ObligationName>(['timeoutMs', 'redact', 'bytes']);

/** The record `tool` of the WIT. */
interface WitTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: string;
}

/** The gate of `sallyport:agent/tool-exec`. Throws if a tool cannot be run as it is declared. */
export function createToolGate(options: ToolGateOptions): Gate {
  const { pipeline, config, spawner, supervisor, mounts, callBytes, mayCall, secrets } = options;
  const lent = secrets && ((tool: string) => lentTo(tool, secrets));
  const parser = createToolParser({ config, mayCall, ...(lent === undefined ? {} : { lent }) });
  const driver = createToolDriver({
    tools: config.tools,
    spawner,
    mounts,
    supervisor,
    callBytes,
    mayCall,
    redeem: pipeline.redeem,
    ...(secrets === undefined ? {} : { secrets }),
    redactors: options.redactors ?? createRedactors(new Map()),
  });

  const toolExec = sealInterface({
    /** No effect: it tells the agent which of the declared tools its own rules name. */
    list: (): readonly WitTool[] =>
      config.tools
        .filter(({ name }) => mayCall(name))
        .map(({ name, description, schema }) => ({ name, description, inputSchema: JSON.stringify(schema) })),
    async call(name: string, json: string): Promise<ToolOutput> {
      const parse = () => parser.call(name, json);
      return toolAnswer(
        await pipeline.enforce({ capability: 'tool', discharges: DISCHARGES, parse, perform: driver.call }),
      );
    },
  });

  return Object.freeze({
    capability: 'tool',
    discharges: DISCHARGES,
    imports: new Map([[TOOL_INTERFACE.name, toolExec]]),
    intention: parser.intention,
    close: driver.close,
  });
}
