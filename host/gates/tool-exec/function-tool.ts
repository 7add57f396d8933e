import { z } from 'zod';
import {
  checkSchema,
  DEFAULT_OUTPUT_BYTES,
  descriptionField,
  millisecondsOf,
  NO_ARGUMENTS,
  schemaField,
  schemaProblem,
  timeoutField,
  type Report,
  type ToolFields,
} from './tool-fields.ts';
import type { ToolSchema } from './tool-schema.ts';

/** A tool that is a function of the program that embeds the host: its part of the configuration. */
export const functionToolSchema = z.strictObject({
  description: descriptionField,
  kind: z
    .literal('function')
    .describe('A function of the embedding program, given to `openHost` under the name of the tool.'),
  schema: schemaField,
  result: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('JSON Schema (2020-12) of what the function returns. Any JSON without it; a text is returned as it is.'),
  timeout: timeoutField,
  maxOutputBytes: z
    .int()
    .positive()
    .optional()
    .describe('The most bytes that the function may return. 256 KiB without it.'),
});

export type RawFunctionTool = z.infer<typeof functionToolSchema>;

/** A function, checked. Plain data: the function itself stays with the embedding program. */
export interface FunctionTool extends ToolFields {
  readonly kind: 'function';
  /** JSON Schema of the result. */
  readonly result: ToolSchema | undefined;
}

/** Checks a function that is declared as a tool. */
export function resolveFunctionTool(name: string, tool: RawFunctionTool, report: Report): FunctionTool {
  const schema = tool.schema ?? NO_ARGUMENTS;
  checkSchema(schema, report);
  const problem = tool.result === undefined ? undefined : schemaProblem(tool.result);
  if (problem !== undefined) report('result', problem);
  return {
    kind: 'function',
    name,
    description: tool.description,
    schema,
    result: tool.result,
    timeoutMs: millisecondsOf(tool.timeout),
    maxOutputBytes: tool.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES,
  };
}
