import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { SCHEMA_OPTIONS, type ToolSchema } from './tool-schema.ts';

/** What tools of every kind have. */

export const descriptionField = z.string().min(1).max(1000).describe('What the tool does, for agents to read.');

export const schemaField = z
  .record(z.string(), z.unknown())
  .optional()
  .describe('JSON Schema (2020-12) of the arguments: an object without additional properties. None without it.');

export const timeoutField = z
  .union([z.int().positive(), z.string().regex(/^[1-9][0-9]{0,8}(ms|s|m)$/)])
  .optional()
  .describe('The longest that a call may take: milliseconds, or a number with `ms`, `s` or `m`. 30 s without it.');

/** What is known of every tool once it is checked. */
export interface ToolFields {
  readonly name: string;
  readonly description: string;
  readonly schema: ToolSchema;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
}

/** Tells a problem of one tool: the field, or nothing for the tool itself. */
export type Report = (field: string, message: string) => void;

export const DEFAULT_OUTPUT_BYTES = 256 * 1024;
export const NO_ARGUMENTS: ToolSchema = { type: 'object', properties: {}, additionalProperties: false };

/** Checks the schema of a tool's arguments. */
export function checkSchema(schema: ToolSchema, report: Report): void {
  // A name that no list holds could not be tested by a rule.
  const misplaced = ['patternProperties', '$id', '$ref', '$dynamicRef'].find((key) => key in schema);
  if (schema['type'] !== 'object') report('schema', '`type` must be `object`');
  else if (schema['additionalProperties'] !== false) report('schema', '`additionalProperties` must be `false`');
  else if (misplaced !== undefined) report('schema', `\`${misplaced}\` cannot stand at the top`);
  else {
    const problem = schemaProblem(schema);
    if (problem !== undefined) report('schema', problem);
  }
}

/** What is wrong with a JSON Schema. */
export function schemaProblem(schema: ToolSchema): string | undefined {
  try {
    new Ajv2020(SCHEMA_OPTIONS).compile(schema);
    return undefined;
  } catch (error) {
    return `not a usable JSON Schema: ${error instanceof Error ? error.message : 'unknown reason'}`;
  }
}

const DEFAULT_TIMEOUT_MS = 30_000;
const MOST_TIMEOUT_MS = 86_400_000;

/** The time that a tool has, in milliseconds. */
export function millisecondsOf(timeout: number | string = DEFAULT_TIMEOUT_MS): number {
  if (typeof timeout === 'number') return Math.min(timeout, MOST_TIMEOUT_MS);
  const unit = timeout.endsWith('ms') ? 1 : timeout.endsWith('m') ? 60_000 : 1000;
  return Math.min(Number.parseInt(timeout, 10) * unit, MOST_TIMEOUT_MS);
}
