import type { Options, ValidateFunction } from 'ajv/dist/2020.js';

/** A JSON Schema (2020-12), and how it is read: of the arguments of a tool, or of what it returns. */
export type ToolSchema = Readonly<Record<string, unknown>>;

/** How schemas are read: closed against typing errors, without any loading and without changing what is validated. */
export const SCHEMA_OPTIONS: Options = {
  strict: true,
  strictTypes: true,
  strictTuples: true,
  strictRequired: true,
  allowUnionTypes: true,
  ownProperties: true,
  logger: false,
};

const NAME = /^[a-z][a-z0-9-]*(\/[a-z][a-z0-9-]*)*$/;
const MAX_NAME_LENGTH = 128;

export const isToolName = (text: string): boolean => text.length <= MAX_NAME_LENGTH && NAME.test(text);

/** The properties of a schema, by name. */
export function propertiesOf(schema: unknown): ReadonlyMap<string, unknown> {
  const properties = isRecord(schema) ? schema['properties'] : undefined;
  return new Map(isRecord(properties) ? Object.entries(properties) : []);
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Loaded at the first call: an agent that calls no tool does not pay for it. */
export async function compileSchema(schema: ToolSchema): Promise<ValidateFunction> {
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  return new Ajv2020(SCHEMA_OPTIONS).compile(schema);
}
