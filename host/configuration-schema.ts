import { manifestJsonSchema, type JsonSchema } from './manifest/json-schema.ts';
import { createSqliteInspector } from './powers/sqlite-inspector.ts';
import type { ServedInterface } from './contracts/served-interface.ts';
import { gateConfigs, SERVED } from './settings.ts';

/** The JSON Schema (2020-12) of `sallyport.yaml`. */
export const configurationSchema = (): JsonSchema =>
  manifestJsonSchema(Object.values(gateConfigs(createSqliteInspector())));

/** Every interface that a component may import, and what stands behind it. */
export const importMatrix = (): readonly ServedInterface[] => SERVED;
