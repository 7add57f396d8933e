import { z } from 'zod';
import { isText } from './argument-list.ts';
import {
  checkSchema,
  DEFAULT_OUTPUT_BYTES,
  descriptionField,
  millisecondsOf,
  schemaField,
  timeoutField,
  type Report,
  type ToolFields,
} from './tool-fields.ts';
import { propertiesOf, type ToolSchema } from './tool-schema.ts';

/** A tool that is another agent: its part of the configuration. */
export const componentToolSchema = z.strictObject({
  description: descriptionField,
  kind: z
    .literal('component')
    .describe('Another agent of this configuration, in a cell of its own, with no more authority than the caller.'),
  agent: z.string().describe('The name of the agent. It runs under its own rules and under those of every caller.'),
  schema: schemaField.describe(
    'JSON Schema (2020-12) of the arguments: an object without additional properties. One text, `input`, without it.',
  ),
  input: z
    .string()
    .optional()
    .describe('The argument whose text is the input of the agent. Without it, all arguments as one JSON text.'),
  timeout: timeoutField,
  maxOutputBytes: z
    .int()
    .positive()
    .optional()
    .describe('The most bytes that are kept of what the agent returns. 256 KiB without it.'),
  calls: z.int().positive().max(1000).optional().describe('The most calls of this tool in one run. 16 without it.'),
  depth: z
    .int()
    .min(2)
    .max(16)
    .optional()
    .describe('The longest chain of agents that this call may make, first and last included. 4 without it.'),
});

export type RawComponentTool = z.infer<typeof componentToolSchema>;

/** Another agent, checked. Plain data. */
export interface ComponentTool extends ToolFields {
  readonly kind: 'component';
  /** Its name, without `agent:`. */
  readonly agent: string;
  /** The argument that is its input; `undefined` for all of them as JSON. */
  readonly input: string | undefined;
  readonly calls: number;
  readonly depth: number;
}

const DEFAULT_CALLS = 16;
const DEFAULT_DEPTH = 4;
const INPUT_ARGUMENT: ToolSchema = {
  type: 'object',
  properties: { input: { type: 'string' } },
  required: ['input'],
  additionalProperties: false,
};

/** Checks an agent that is declared as a tool. That there is such an agent is checked where all are known. */
export function resolveComponentTool(name: string, tool: RawComponentTool, report: Report): ComponentTool {
  const schema = tool.schema ?? INPUT_ARGUMENT;
  checkSchema(schema, report);
  const input = tool.input ?? (tool.schema === undefined ? 'input' : undefined);
  if (input !== undefined && !isText(propertiesOf(schema).get(input))) {
    report('input', `the schema has no text argument \`${input}\``);
  }
  return {
    kind: 'component',
    name,
    description: tool.description,
    schema,
    agent: tool.agent,
    input,
    timeoutMs: millisecondsOf(tool.timeout),
    maxOutputBytes: tool.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES,
    calls: tool.calls ?? DEFAULT_CALLS,
    depth: tool.depth ?? DEFAULT_DEPTH,
  };
}
