import { z } from 'zod';
import type { RunSecrets } from '../../contracts/run-secrets.ts';

/** The case `tool` of a secret's uses. */
export const toolBindingSchema = z
  .strictObject({
    name: z.string().min(1).describe('Name of the tool: a program of `tools`.'),
    variable: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'expected the name of a variable' })
      .describe('The environment variable of the program that holds the secret.'),
  })
  .describe(
    'An environment variable of a tool. The program then has the secret: it must be one that you trust with it.',
  );

/** Which variable of which tool holds a secret. Plain data. */
export interface ToolSecretBinding {
  readonly secret: string;
  readonly tool: string;
  readonly variable: string;
}

/** The secrets that the tools of one run can be given. */
export interface ToolSecrets {
  readonly bindings: readonly ToolSecretBinding[];
  readonly values: RunSecrets;
}

/** The names of the secrets that a tool is lent. */
export const lentTo = (tool: string, { bindings, values }: ToolSecrets): readonly string[] => [
  ...new Set(bindings.flatMap((binding) => (binding.tool === tool ? (values.get(binding.secret)?.name ?? []) : []))),
];

/** The secret variables of one call. */
export function secretVariables(
  tool: string,
  secrets: ToolSecrets | undefined,
): readonly (readonly [string, string])[] {
  if (secrets === undefined) return [];
  return secrets.bindings.flatMap((binding) => {
    const value = binding.tool === tool ? secrets.values.get(binding.secret) : undefined;
    return value === undefined ? [] : [[binding.variable, value.reveal()] as const];
  });
}
