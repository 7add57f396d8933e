import { failed, type ToolResult } from './tool-output.ts';
import type { CallTerms } from './function-call.ts';
import type { ComponentTarget } from './request.ts';
import type { ToolSupervisor } from './tool-supervisor.ts';

/** Runs other agents. What they answer is untrusted text to the agent that asked. */
export function createComponentCalls(supervisor: Pick<ToolSupervisor, 'runAgent'>) {
  return async ({ tool, input }: ComponentTarget, terms: CallTerms, rank: number): Promise<ToolResult> => {
    const end = await supervisor.runAgent({ tool: tool.name, input, label: rank, ...terms });
    const label = end.label === undefined ? {} : { label: end.label };
    switch (end.status) {
      case 'ended': {
        const { run, exitCode, output, error, truncated } = end;
        const bytesIn = Buffer.byteLength(output) + Buffer.byteLength(error);
        return {
          status: 'ok',
          value: { exitCode, stdout: output, stderr: error, truncated },
          facts: { bytesIn, detail: { run, exitCode, truncated } },
          ...label,
        };
      }
      case 'timed-out':
      case 'not-started':
      case 'failed':
        return {
          ...failed(end.status, end.run === undefined ? undefined : { detail: { run: end.run } }, end.code),
          ...label,
        };
      case 'refused':
        return { status: 'denied', reason: end.reason, facts: { detail: { refused: end.why } } };
    }
  };
}
