import type { Claim, Grant, Redeem } from '../../enforcement/grant.ts';
import { createComponentCalls } from './component-call.ts';
import { createFunctionCalls } from './function-call.ts';
import { createProcessCalls, type ProcessCallOptions } from './process-call.ts';
import type { ToolDeclaration } from './tool-declaration.ts';
import { failed, type ToolResult } from './tool-output.ts';
import { reportedCost } from './reported-cost.ts';
import { sentBytes, type ToolTarget } from './request.ts';
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
}: ToolDriverOptions) {
  const programs = tools.filter((tool) => tool.kind === 'process');
  const processes = createProcessCalls({ tools: programs, spawner, mounts, callBytes, mayCall });
  const callFunction = createFunctionCalls(supervisor);
  const callComponent = createComponentCalls(supervisor);

  return Object.freeze({
    async call(grant: Grant<ToolTarget>): Promise<ToolResult> {
      const claim = redeem(grant);
      const { target, obligations, decisionId, label } = claim;
      if (target.kind === 'unknown') return failed('unknown-tool');
      const { timeoutMs, maxOutputBytes } = target.tool;
      const terms = {
        decision: decisionId,
        timeoutMs: Math.min(timeoutMs, obligations.timeoutMs ?? Infinity),
        mostBytes: Math.min(maxOutputBytes, callBytes),
      };
      if (!claim.takeBytes(sentBytes(target))) return { status: 'denied', reason: 'budget-exhausted' };
      switch (target.kind) {
        case 'process':
          return settled(claim, await processes.call(target, terms.timeoutMs));
        case 'function':
          return settled(claim, await callFunction(target, terms));
        case 'component':
          return settled(claim, await callComponent(target, terms, label?.rank ?? 0));
      }
    },
    close: () => spawner.close(),
  });
}

/** What a tool answered, if there is room for it. It has run all the same. */
function settled({ costSource, reportCost, takeBytes }: Claim<ToolTarget>, result: ToolResult): ToolResult {
  if (result.status !== 'ok') return result;
  const { stdout, stderr } = result.value;
  const cost = costSource?.kind === 'field' ? reportedCost(stdout, costSource.path) : undefined;
  if (cost !== undefined) reportCost(cost);
  if (takeBytes(Buffer.byteLength(stdout) + Buffer.byteLength(stderr))) return result;
  const { facts } = result;
  return { status: 'denied', reason: 'budget-exhausted', begun: true, ...(facts === undefined ? {} : { facts }) };
}
