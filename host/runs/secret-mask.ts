import type { MaskStream, RunSecrets, SecretMask } from '../contracts/run-secrets.ts';
import { Secret } from '../contracts/secret.ts';
import { createExactMatcher } from '../redaction/exact-matcher.ts';
import { joined, maskAll } from '../redaction/mask-stream.ts';
import { encodingsOf } from '../secrets/encodings.ts';
import type { SecretValues } from './run-spec.ts';

/** What an agent reads in the place of a value. The same for all of them: it does not say which one, nor how long. */
export const SECRET_MARK = '[secret]';

const NOTHING = new Uint8Array(0);

/**
 * Makes what hides some values in all their spellings. It tells nothing but where a whole value was: what of a stream is
 * passed on, and when, depends on its length alone. Whoever could see the beginning of a value held back longer than
 * other text would have it, one character after another.
 */
export function createSecretMask(values: readonly string[]): SecretMask {
  const patterns = values.flatMap((value) =>
    encodingsOf(value).map((bytes) => ({ bytes, name: 'secret', mark: SECRET_MARK })),
  );
  const matcher = createExactMatcher(patterns, { foldCase: true });
  const { longestHeld } = matcher;

  function startStream(): MaskStream {
    const stream = matcher.stream();
    let decided: Uint8Array = NOTHING;
    return {
      push(chunk) {
        const out = joined(decided, stream.push(chunk));
        const passed = out.length - (longestHeld - stream.held);
        decided = passed <= 0 ? out.slice() : out.slice(passed);
        return passed <= 0 ? NOTHING : out.subarray(0, passed);
      },
      end: () => joined(decided, stream.end()),
    };
  }

  return Object.freeze({
    text(text: string): string {
      const bytes = Buffer.from(text, 'utf8');
      const masked = maskAll(matcher, bytes).bytes;
      return masked === bytes ? text : new TextDecoder('utf-8', { ignoreBOM: true }).decode(masked);
    },
    bytes: (bytes: Uint8Array, end: 'whole' | 'cut' = 'whole'): Uint8Array =>
      end === 'cut' ? startStream().push(bytes) : maskAll(matcher, bytes).bytes,
    stream: startStream,
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
