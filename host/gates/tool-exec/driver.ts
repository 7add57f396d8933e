import type { SecretMask } from '../../contracts/run-secrets.ts';
import type { Claim, Grant, Redeem } from '../../enforcement/grant.ts';
import type { Redaction, Redactors } from '../../redaction/redactor.ts';
import { createComponentCalls } from './component-call.ts';
import { createFunctionCalls } from './function-call.ts';
import { createProcessCalls, type ProcessCallOptions } from './process-call.ts';
import type { ToolDeclaration } from './tool-declaration.ts';
import { failed, type ToolResult } from './tool-output.ts';
import { reportedCost } from './reported-cost.ts';
import { sentBytes, type ToolCall, type ToolTarget } from './request.ts';
import type { ToolSupervisor } from './tool-supervisor.ts';

export interface ToolDriverOptions extends Omit<ProcessCallOptions, 'tools'> {
  readonly tools: readonly ToolDeclaration[];
  readonly supervisor: ToolSupervisor;
  readonly redeem: Redeem;
  readonly redactors: Redactors;
}

/** Performs calls of declared tools. Throws `ERR_CONFIG_INVALID` if a program cannot be run as declared. */
export function createToolDriver({
  tools,
  spawner,
  mounts,
  supervisor,
  redeem,
  redactors,
  callBytes,
  mayCall,
  secrets,
}: ToolDriverOptions) {
  const programs = tools.filter((tool) => tool.kind === 'process');
  const lent = secrets === undefined ? {} : { secrets };
  const processes = createProcessCalls({ tools: programs, spawner, mounts, callBytes, mayCall, ...lent });
  const callFunction = createFunctionCalls(supervisor);
  const callComponent = createComponentCalls(supervisor);

  async function perform(
    target: ToolCall,
    { obligations, decisionId, label }: Omit<Claim<ToolTarget>, 'target'>,
  ): Promise<ToolResult> {
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
        return hidden(await callFunction(target, terms), secrets?.values.mask());
      case 'component':
        return hidden(await callComponent(target, terms, label?.rank ?? 0), secrets?.values.mask());
    }
  }

  return Object.freeze({
    async call(grant: Grant<ToolTarget>): Promise<ToolResult> {
      const claim = redeem(grant);
      const { target } = claim;
      if (target.kind === 'unknown') return failed('unknown-tool');
      if (!claim.takeBytes(sentBytes(target))) return USED_UP;
      const redaction = redactors.begin(claim.obligations.redact);
      if (redaction === undefined) return settled(claim, await perform(target, claim));
      // Arguments without what must be masked may be none that the tool takes: then nobody is asked anything.
      const masked = target.withArguments((json) => redaction.json(json));
      return masked === undefined || redaction.isCut()
        ? { status: 'denied', reason: 'unsupported-obligation', facts: { detail: { redact: 'arguments' } } }
        : redactedResult(settled(claim, await perform(masked, claim)), redaction);
    },
    close: () => spawner.close(),
  });
}

/** What functions and other agents answer is text of the world as well. */
function hidden(result: ToolResult, mask: SecretMask | undefined): ToolResult {
  if (mask === undefined || result.status !== 'ok') return result;
  const { stdout, stderr, ...rest } = result.value;
  return { ...result, value: { ...rest, stdout: mask.text(stdout), stderr: mask.text(stderr) } };
}

/** What a tool answered, as the agent may see it, with the count of what was masked in both directions. */
function redactedResult(result: ToolResult, redaction: Redaction): ToolResult {
  if (result.status === 'begun') return result;
  if (result.status !== 'ok') return { ...result, facts: { ...result.facts, ...dischargedOf(redaction) } };
  const { stdout, stderr } = result.value;
  const value = { ...result.value, stdout: redaction.json(stdout), stderr: redaction.json(stderr) };
  return { ...result, value, facts: { ...result.facts, ...dischargedOf(redaction) } };
}

const dischargedOf = (redaction: Redaction) => ({ discharged: { redact: redaction.counts() } });

const USED_UP = { status: 'denied', reason: 'budget-exhausted' } as const;

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
