import type { ValidateFunction } from 'ajv/dist/2020.js';
import { parseStrictJson } from '../../contracts/strict-json.ts';
import { failed, textOf, type ToolResult } from './tool-output.ts';
import { compileSchema } from './tool-schema.ts';
import type { ProcessResult } from './process-request.ts';
import type { ProcessTool } from './process-tool.ts';

const MOST_DEPTH = 64;

/** Makes what a program wrote and how it ended into the answer of its tool. What it wrote is never trusted. */
export function createOutputReader({ output }: ProcessTool, callBytes: number) {
  let compiled: Promise<ValidateFunction> | undefined;

  /** Why an output is not the JSON that was declared. */
  async function jsonProblem(text: string, truncated: boolean): Promise<string | undefined> {
    if (output === undefined) return undefined;
    if (truncated) return 'truncated';
    const value = jsonOf(text, callBytes);
    if (value === undefined) return 'not-json';
    if (output.schema === undefined) return undefined;
    compiled ??= compileSchema(output.schema);
    const validate = await compiled;
    return validate(value.json) ? undefined : 'not-the-schema';
  }

  return async (result: Extract<ProcessResult, { status: 'exited' }>): Promise<ToolResult> => {
    const { exitCode, truncated, exceeded } = result;
    const bytesIn = result.stdout.length + result.stderr.length;
    const detail = { exitCode, truncated, trust: 'untrusted', ...(exceeded === undefined ? {} : { limit: exceeded }) };
    const facts = { bytesIn, detail };
    // Bytes that are not UTF-8 become U+FFFD, three bytes each.
    const [stdout, stderr] = [textOf(result.stdout), textOf(result.stderr)];
    if (Buffer.byteLength(stdout) + Buffer.byteLength(stderr) > callBytes) return failed('too-large', facts);
    // A program that failed says why in its own words.
    const problem = exitCode === 0 ? await jsonProblem(stdout, truncated) : undefined;
    if (problem !== undefined) return failed('failed', facts, problem);
    return { status: 'ok', value: { exitCode, stdout, stderr, truncated }, facts };
  };
}

/** Any JSON value that means one thing to every reader. */
function jsonOf(text: string, bytes: number): { readonly json: unknown } | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  // It is one value by itself, so it is one as a member too, and the reader of objects can look at it.
  const parsed = parseStrictJson(`{"json":${text}}`, { bytes: bytes + 16, depth: MOST_DEPTH });
  return 'refused' in parsed ? undefined : { json: parsed.object['json'] };
}
