import { Secret } from '../contracts/secret.ts';
import type { SecretSource } from './source.ts';
import { MOST_VALUE_BYTES, valueProblem, type ValueUse } from './value.ts';

/** What reading secrets needs of the machine. Every answer that is a text says why there is no value; it never holds one. */
export interface SecretPowers {
  readonly environment: (name: string) => string | undefined;
  readonly file: (path: string, most: number) => Uint8Array | string;
  readonly command: (
    argv: readonly [string, ...string[]],
    bounds: { readonly mostBytes: number; readonly timeoutMs: number },
  ) => Promise<Uint8Array | string>;
  readonly keyring: (
    entry: { readonly service: string; readonly account: string },
    bounds: { readonly mostBytes: number; readonly timeoutMs: number },
  ) => Promise<Uint8Array | string>;
}

/** A value that could not be had. The text is for the operator, and holds nothing of the value. */
export interface Unavailable {
  readonly name: string;
  readonly unavailable: string;
}

/** A line break after the value may come on top. */
const MOST_SOURCE_BYTES = MOST_VALUE_BYTES + 2;
const COMMAND_MS = 10_000;
/** A locked keyring asks somebody for a password. */
const KEYRING_MS = 60_000;

/** Reads a secret, for everything that it is to be used for. */
export async function readSecret(
  name: string,
  source: SecretSource,
  uses: ReadonlySet<ValueUse>,
  powers: SecretPowers,
): Promise<Secret | Unavailable> {
  const bytes = await bytesOf(source, powers);
  if (typeof bytes === 'string') return { name, unavailable: bytes };
  const text = textOf(bytes);
  if (text === undefined) return { name, unavailable: 'is not UTF-8' };
  const value = source.kind === 'env' ? text : text.replace(/\r?\n$/, '');
  const problem = valueProblem(value, uses);
  return problem === undefined ? new Secret(name, value) : { name, unavailable: problem };
}

async function bytesOf(source: SecretSource, powers: SecretPowers): Promise<Uint8Array | string> {
  switch (source.kind) {
    case 'env': {
      const value = powers.environment(source.variable);
      return value === undefined ? `the variable \`${source.variable}\` is not set` : Buffer.from(value);
    }
    case 'file':
      return powers.file(source.path, MOST_SOURCE_BYTES);
    case 'command':
      return powers.command(source.argv, { mostBytes: MOST_SOURCE_BYTES, timeoutMs: COMMAND_MS });
    case 'keyring':
      return powers.keyring(source, { mostBytes: MOST_SOURCE_BYTES, timeoutMs: KEYRING_MS });
  }
}

/** Headers, passwords and variables are texts: bytes that are none would be sent as something else. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
