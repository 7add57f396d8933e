import { manifestJsonSchema, type JsonSchema } from '../manifest/json-schema.ts';
import { createSqliteInspector } from '../powers/sqlite-inspector.ts';
import type { RefusedInterface, ServedInterface } from '../contracts/served-interface.ts';
import { gateConfigs, SERVED } from './settings.ts';
import { REFUSED_INTERFACES } from '../wasi/refused.ts';

/** The JSON Schema (2020-12) of `sallyport.yaml`. */
export const configurationSchema = (): JsonSchema =>
  manifestJsonSchema(Object.values(gateConfigs(createSqliteInspector())));

/** Every interface that a component may import, and what stands behind it. */
export const importMatrix = (): readonly ServedInterface[] => SERVED;

/** What the host knows and does not serve, with the reason. */
export const refusedInterfaces = (): readonly RefusedInterface[] => REFUSED_INTERFACES;
