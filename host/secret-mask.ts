import type { MaskStream, RunSecrets, SecretMask } from './contracts/run-secrets.ts';
import { Secret } from './contracts/secret.ts';
import { createExactMatcher } from './redaction/exact-matcher.ts';
import { joined, maskAll } from './redaction/mask-stream.ts';
import { encodingsOf } from './secrets/encodings.ts';
import { LEAST_VALUE_BYTES } from './secrets/value.ts';
import type { SecretValues } from './secret-use.ts';

/** What an agent reads in the place of a value. The same for all of them: it does not say which one, nor how long. */
export const SECRET_MARK = '[secret]';
const MARK = new TextEncoder().encode(SECRET_MARK);

/** Makes what hides some values in all their spellings. */
export function createSecretMask(values: readonly string[]): SecretMask {
  const patterns = values.flatMap((value) =>
    encodingsOf(value).map((bytes) => ({ bytes, name: 'secret', mark: SECRET_MARK })),
  );
  const matcher = createExactMatcher(patterns, { foldCase: true });

  /** So many bytes at the end that begin a value are taken for a part of one. */
  function startStream(least: number): MaskStream {
    const stream = matcher.stream();
    return {
      push: (chunk) => stream.push(chunk),
      end() {
        const rest = stream.end();
        return rest.length >= least ? MARK : rest;
      },
    };
  }

  return Object.freeze({
    text(text: string): string {
      const bytes = Buffer.from(text, 'utf8');
      const masked = maskAll(matcher, bytes).bytes;
      return masked === bytes ? text : new TextDecoder('utf-8', { ignoreBOM: true }).decode(masked);
    },
    bytes(bytes: Uint8Array, end: 'whole' | 'cut' = 'whole'): Uint8Array {
      const stream = startStream(end === 'cut' ? 1 : LEAST_VALUE_BYTES);
      const first = stream.push(bytes);
      return joined(first, stream.end());
    },
    stream: () => startStream(LEAST_VALUE_BYTES),
  });
}

/** The secrets of a run that comes later: none until it has taken its seat. */
export interface LateSecrets extends RunSecrets {
  seat(values: SecretValues | undefined): void;
}

/** Makes them for one cell. */
export function createLateSecrets(): LateSecrets {
  const secrets = new Map<string, Secret>();
  let mask: SecretMask | undefined;
  return Object.freeze({
    get: (name: string) => secrets.get(name),
    mask(): SecretMask | undefined {
      if (secrets.size === 0) return undefined;
      return (mask ??= createSecretMask([...secrets.values()].map((secret) => secret.reveal())));
    },
    seat(values: SecretValues | undefined): void {
      for (const [name, value] of values ?? []) secrets.set(name, new Secret(name, value));
    },
  });
}
