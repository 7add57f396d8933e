import { z } from 'zod';
import type { GateConfig } from '../contracts/gate-config.ts';
import type { ConfigPath } from './problem-list.ts';
import { HOST_SECTIONS } from './manifest-section.ts';

/** A JSON Schema (2020-12), as far as this program looks into one. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** Any gate's part of the configuration. */
export type AnyGateConfig = GateConfig<unknown, unknown>;

/** The whole configuration as one schema: the host's sections and one for each gate. */
export function manifestSchema(gateConfigs: readonly AnyGateConfig[]): z.ZodType {
  const gates = Object.fromEntries(gateConfigs.map(({ key, schema }) => [key, schema.optional()]));
  return z
    .strictObject({ ...HOST_SECTIONS, ...gates })
    .describe(
      'What exists for the agents of Sallyport: components, gates, limits. What they may do is said by policy.',
    );
}

/** The JSON Schema of `sallyport.yaml`, for editors and for whoever makes such files. */
export function manifestJsonSchema(gateConfigs: readonly AnyGateConfig[]): JsonSchema {
  const made = z.toJSONSchema(manifestSchema(gateConfigs), { io: 'input', target: 'draft-2020-12' });
  const { $schema, ...rest } = made;
  // The keywords that are read are those that the type names; the others are carried along.
  return { $schema, title: 'sallyport.yaml', ...rest } as JsonSchema;
}

/** The part of a schema that a path leads to, through maps, lists and the cases of a union. */
export function schemaAt(schema: JsonSchema, path: ConfigPath): JsonSchema | undefined {
  const [part, ...rest] = path;
  const cases = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (part === undefined) return cases.find((candidate) => candidate.properties !== undefined) ?? schema;
  for (const candidate of cases) {
    const next = typeof part === 'number' ? candidate.items : memberOf(candidate, part);
    const found = next && schemaAt(next, rest);
    if (found !== undefined) return found;
  }
  return undefined;
}

function memberOf({ properties, additionalProperties }: JsonSchema, name: string): JsonSchema | undefined {
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}
