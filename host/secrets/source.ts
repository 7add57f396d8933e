import { z } from 'zod';
import type { ResolveContext } from '../contracts/gate-config.ts';

const keyringText = z
  .string()
  .regex(/^[^\0]{1,256}$/, { error: 'expected text of 1 to 256 characters, without zero bytes' });

const keyringSchema = z
  .strictObject({
    service: keyringText.describe('What it belongs to: the attribute `service` of the entry.'),
    account: keyringText.describe('Whose it is: the attribute `username` of the entry.'),
  })
  .describe(
    'An entry of the keyring of the system: the Secret Service of Linux (`secret-tool store --label=NAME service SERVICE ' +
      'username ACCOUNT` makes one), the Keychain, the Credential Manager. Needs the package `@napi-rs/keyring`, an ' +
      'optional dependency. A locked keyring may ask somebody; for a minute.',
  );

/** Where the value of a secret is: the key `from`. */
export const sourceSchema = z
  .strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'expected the name of a variable' })
      .optional()
      .describe("Name of a variable of the host's own environment."),
    file: z
      .string()
      .regex(/^[^\0]+$/, { error: 'expected a path' })
      .optional()
      .describe(
        'Path of a file; relative to the configuration file. Others must not be able to read it, and no mount may show it. ' +
          'A line break at its end does not count.',
      ),
    command: z
      .array(z.string().regex(/^[^\0]*$/, { error: 'expected text without zero bytes' }))
      .min(1)
      .max(64)
      .optional()
      .describe(
        'A program and its arguments; what it prints is the value, without a line break at its end. The program is an ' +
          'absolute path; no shell is involved.',
      ),
    keyring: keyringSchema.optional(),
  })
  .describe(
    'Where the value is: `env`, `file`, `command` or `keyring`, never the value itself. It is read when a run starts.',
  );

export type RawSource = z.output<typeof sourceSchema>;

/** Where a value is, checked. Plain data. */
export type SecretSource =
  | { readonly kind: 'env'; readonly variable: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly argv: readonly [string, ...string[]] }
  | { readonly kind: 'keyring'; readonly service: string; readonly account: string };

/** Checks a source as far as that can be done before its value is needed. */
export function resolveSource(
  raw: RawSource,
  { directory, probe }: ResolveContext,
  problem: (key: readonly string[], message: string) => void,
): SecretSource | undefined {
  const { env, file, command, keyring } = raw;
  if ([env, file, command, keyring].filter((source) => source !== undefined).length !== 1) {
    problem([], 'is exactly one of `env`, `file`, `command` and `keyring`');
    return undefined;
  }
  if (env !== undefined) return { kind: 'env', variable: env };
  // It may come into being later: whether it is there is asked when a run needs it.
  if (file !== undefined) return { kind: 'file', path: file.startsWith('/') ? file : `${directory}/${file}` };
  if (keyring !== undefined) return { kind: 'keyring', service: keyring.service, account: keyring.account };
  const [program = '', ...rest] = command ?? [];
  if (!program.startsWith('/')) problem(['command'], `the program \`${program}\` is not an absolute path`);
  else if (!probe.executable(program)) problem(['command'], `\`${program}\` is not a program that can be run`);
  else return { kind: 'command', argv: [program, ...rest] };
  return undefined;
}

/** A source as an operator may be told of it. Arguments of a command are not shown. */
export function sourceText(source: SecretSource): string {
  switch (source.kind) {
    case 'env':
      return `env ${source.variable}`;
    case 'file':
      return `file ${source.path}`;
    case 'command':
      return `command ${source.argv[0]}`;
    case 'keyring':
      return `keyring ${source.service}/${source.account}`;
  }
}
