import { z } from 'zod';
import type { GateConfig, ResolveContext } from '../contracts/gate-config.ts';
import {
  doCollide,
  httpBindingSchema,
  resolveHttpBinding,
  type HttpSecretBinding,
} from '../gates/http/secret-binding.ts';
import { toolBindingSchema, type ToolSecretBinding } from '../gates/tool-exec/secret-variable.ts';
import { resolveSource, sourceSchema, type SecretSource } from '../secrets/source.ts';

const NAME = /^[a-z][a-z0-9-]{0,63}$/;

const bindingSchema = z
  .strictObject({
    http: httpBindingSchema.optional(),
    database: z
      .string()
      .min(1)
      .optional()
      .describe('Name of a PostgreSQL database of `databases` that names no password itself: the secret is it.'),
    tool: toolBindingSchema.optional(),
  })
  .describe('One use: `http`, `database` or `tool`.');

const secretSchema = z
  .strictObject({
    from: sourceSchema,
    for: z
      .array(bindingSchema)
      .max(64)
      .describe('What it is used for, and nothing else. It enters there, after a request was allowed.'),
    agents: z
      .array(z.string().min(1))
      .min(1)
      .max(1000)
      .optional()
      .describe(
        'The agents for which it is used; in a chain of agents, all of them must stand here. Every agent without it.',
      ),
  })
  .describe('A secret.');

const secretsSchema = z
  .record(z.string().regex(NAME, { error: 'expected a name of small letters, digits and hyphens' }), secretSchema)
  .describe(
    'Secrets that gates put into requests, by name. No agent ever has their values: where one comes back, it reads `[secret]`.',
  );

type RawSecrets = z.output<typeof secretsSchema>;
type RawBinding = RawSecrets[string]['for'][number];

/** One secret of the configuration. Plain data, without its value. */
export interface SecretSettings {
  readonly source: SecretSource;
  readonly http: readonly HttpSecretBinding[];
  readonly databases: readonly string[];
  readonly tools: readonly ToolSecretBinding[];
  /** `undefined`: for every agent. */
  readonly agents: readonly string[] | undefined;
}

/** The secrets by name. */
export type SecretsConfig = ReadonlyMap<string, SecretSettings>;

/** The section `secrets` of `sallyport.yaml`. */
export const secretsConfig: GateConfig<RawSecrets, SecretsConfig> = {
  key: 'secrets',
  schema: secretsSchema,
  absent: {},
  resolve(raw, context) {
    const secrets = new Map<string, SecretSettings>();
    for (const [name, section] of Object.entries(raw)) {
      const source = resolveSource(section.from, context, (key, message) =>
        context.problem([name, 'from', ...key], message),
      );
      const uses = section.for.map((binding, index) => resolveBinding(name, binding, [name, 'for', index], context));
      if (source === undefined) continue;
      secrets.set(name, {
        source,
        http: uses.flatMap(({ http }) => http ?? []),
        databases: uses.flatMap(({ database }) => database ?? []),
        tools: uses.flatMap(({ tool }) => tool ?? []),
        agents: section.agents,
      });
    }
    refuseCollisions(secrets, context);
    return secrets;
  },
};

interface Use {
  readonly http?: HttpSecretBinding;
  readonly database?: string;
  readonly tool?: ToolSecretBinding;
}

function resolveBinding(
  secret: string,
  { http, database, tool }: RawBinding,
  at: readonly (string | number)[],
  context: ResolveContext,
): Use {
  if ([http, database, tool].filter((use) => use !== undefined).length !== 1) {
    context.problem(at, 'is exactly one of `http`, `database` and `tool`');
    return {};
  }
  if (http !== undefined) {
    const problem = (key: readonly (string | number)[], message: string): void =>
      context.problem([...at, 'http', ...key], message);
    return { http: resolveHttpBinding(secret, http, problem) };
  }
  if (tool !== undefined) return { tool: { secret, tool: tool.name, variable: tool.variable } };
  return database === undefined ? {} : { database };
}

/** Of two secrets for one place nobody could say which is used. */
function refuseCollisions(secrets: SecretsConfig, context: ResolveContext): void {
  const seen: (readonly [name: string, secret: SecretSettings])[] = [];
  for (const [name, secret] of secrets) {
    for (const [other, known] of [...seen, [name, secret] as const]) {
      const place = collision(secret, known, name === other);
      if (place !== undefined)
        context.problem([name, 'for'], name === other ? `${place} stands twice` : `${place} has \`${other}\` already`);
    }
    seen.push([name, secret]);
  }
}

function collision(one: SecretSettings, other: SecretSettings, same: boolean): string | undefined {
  if (!same && !haveAgentInCommon(one, other)) return undefined;
  const isLater = (index: number, otherIndex: number): boolean => !same || index > otherIndex;
  const http = one.http.find((a, i) => other.http.some((b, j) => isLater(i, j) && doCollide(a, b)));
  if (http !== undefined) return `the header \`${http.header}\` of a host`;
  const database = one.databases.find((a, i) => other.databases.some((b, j) => isLater(i, j) && a === b));
  if (database !== undefined) return `the database \`${database}\``;
  const isSame = (a: ToolSecretBinding, b: ToolSecretBinding) => a.tool === b.tool && a.variable === b.variable;
  const tool = one.tools.find((a, i) => other.tools.some((b, j) => isLater(i, j) && isSame(a, b)));
  return tool === undefined ? undefined : `the variable \`${tool.variable}\` of the tool \`${tool.tool}\``;
}

const haveAgentInCommon = ({ agents: some }: SecretSettings, { agents: others }: SecretSettings): boolean =>
  some === undefined || others === undefined || some.some((agent) => others.includes(agent));
