import type { ValidateFunction } from 'ajv/dist/2020.js';
import { failed, type ToolResult } from './tool-output.ts';
import { compileSchema } from './tool-schema.ts';
import type { FunctionTool } from './function-tool.ts';
import type { FunctionTarget } from './request.ts';
import type { ToolSupervisor } from './tool-supervisor.ts';

/** How a call is performed, besides what it is about. */
export interface CallTerms {
  readonly decision: string;
  readonly timeoutMs: number;
  readonly mostBytes: number;
}

/** Calls functions of the embedding program. What they return is checked here, and untrusted text to the agent. */
export function createFunctionCalls(supervisor: Pick<ToolSupervisor, 'callFunction'>) {
  const validators = new Map<FunctionTool, ValidateFunction>();

  async function validatorOf(tool: FunctionTool): Promise<ValidateFunction | undefined> {
    if (tool.result === undefined) return undefined;
    const validate = validators.get(tool) ?? (await compileSchema(tool.result));
    validators.set(tool, validate);
    return validate;
  }

  return async ({ tool, json }: FunctionTarget, terms: CallTerms): Promise<ToolResult> => {
    const end = await supervisor.callFunction({ tool: tool.name, arguments: json, ...terms });
    switch (end.status) {
      case 'returned': {
        const bytesIn = Buffer.byteLength(end.text);
        const validate = await validatorOf(tool);
        if (validate === undefined) return answered(end.text, bytesIn);
        const result = end.form === 'json' ? end.text : JSON.stringify(end.text);
        return validate(JSON.parse(result))
          ? answered(result, bytesIn)
          : failed('failed', { bytesIn }, 'not-the-schema');
      }
      case 'timed-out':
      case 'too-large':
        return failed(end.status);
      case 'failed':
        return failed('failed', undefined, end.code);
    }
  };
}

const answered = (stdout: string, bytesIn: number): ToolResult => ({
  status: 'ok',
  value: { exitCode: 0, stdout, stderr: '', truncated: false },
  facts: { bytesIn },
});
