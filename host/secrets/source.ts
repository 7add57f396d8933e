import { z } from 'zod';
import type { ResolveContext } from '../contracts/gate-config.ts';

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
          'absolute path; no shell is involved. The keyring of the system is read so: `[/usr/bin/secret-tool, lookup, ' +
          'service, NAME, account, NAME]`.',
      ),
  })
  .describe('Where the value is: `env`, `file` or `command`, never the value itself. It is read when a run starts.');

export type RawSource = z.output<typeof sourceSchema>;

/** Where a value is, checked. Plain data. */
export type SecretSource =
  | { readonly kind: 'env'; readonly variable: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly argv: readonly [string, ...string[]] };

/** Checks a source as far as that can be done before its value is needed. */
export function resolveSource(
  raw: RawSource,
  { directory, probe }: ResolveContext,
  problem: (key: readonly string[], message: string) => void,
): SecretSource | undefined {
  const { env, file, command } = raw;
  if ([env, file, command].filter((source) => source !== undefined).length !== 1) {
    problem([], 'is exactly one of `env`, `file` and `command`');
    return undefined;
  }
  if (env !== undefined) return { kind: 'env', variable: env };
  // It may come into being later: whether it is there is asked when a run needs it.
  if (file !== undefined) return { kind: 'file', path: file.startsWith('/') ? file : `${directory}/${file}` };
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
  }
}
