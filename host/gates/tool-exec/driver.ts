import type { SecretMask } from '../../contracts/run-secrets.ts';
import type { Grant, Redeem } from '../../enforcement/grant.ts';
import { createComponentCalls } from './component-call.ts';
import { createFunctionCalls } from './function-call.ts';
import { createProcessCalls, type ProcessCallOptions } from './process-call.ts';
import type { ToolDeclaration } from './tool-declaration.ts';
import { failed, type ToolResult } from './tool-output.ts';
import type { ToolTarget } from './request.ts';
import type { ToolSupervisor } from './tool-supervisor.ts';

export interface ToolDriverOptions extends Omit<ProcessCallOptions, 'tools'> {
  readonly tools: readonly ToolDeclaration[];
  readonly supervisor: ToolSupervisor;
  readonly redeem: Redeem;
}

/** Performs calls of declared tools. Throws `ERR_CONFIG_INVALID` if a program cannot be run as declared. */
export function createToolDriver({
  tools,
  spawner,
  mounts,
  supervisor,
  redeem,
  callBytes,
  mayCall,
  secrets,
}: ToolDriverOptions) {
  const programs = tools.filter((tool) => tool.kind === 'process');
  const lent = secrets === undefined ? {} : { secrets };
  const processes = createProcessCalls({ tools: programs, spawner, mounts, callBytes, mayCall, ...lent });
  const callFunction = createFunctionCalls(supervisor);
  const callComponent = createComponentCalls(supervisor);

  return Object.freeze({
    async call(grant: Grant<ToolTarget>): Promise<ToolResult> {
      const { target, obligations, decisionId, label } = redeem(grant);
      if (target.kind === 'unknown') return failed('unknown-tool');
      const { timeoutMs, maxOutputBytes } = target.tool;
      const terms = {
        decision: decisionId,
        timeoutMs: Math.min(timeoutMs, obligations.timeoutMs ?? Infinity),
        mostBytes: Math.min(maxOutputBytes, callBytes),
      };
      switch (target.kind) {
        case 'process':
          return processes.call(target, terms.timeoutMs);
        case 'function':
          return masked(await callFunction(target, terms), secrets?.values.mask());
        case 'component':
          return masked(await callComponent(target, terms, label?.rank ?? 0), secrets?.values.mask());
      }
    },
    close: () => spawner.close(),
  });
}

/** What functions and other agents answer is text of the world as well. */
function masked(result: ToolResult, mask: SecretMask | undefined): ToolResult {
  if (mask === undefined || result.status !== 'ok') return result;
  const { stdout, stderr, ...rest } = result.value;
  return { ...result, value: { ...rest, stdout: mask.text(stdout), stderr: mask.text(stderr) } };
}
