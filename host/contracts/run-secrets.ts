import type { Secret } from './secret.ts';

/** Hides the values of a run's secrets in what comes back from the world: each becomes `[secret]`. */
export interface SecretMask {
  text(text: string): string;
  /** All bytes of something. `cut`: it was cut off somewhere: as many bytes as a value can have are left out at the end. */
  bytes(bytes: Uint8Array, end?: 'whole' | 'cut'): Uint8Array;
  /** For bytes that come in pieces. */
  stream(): MaskStream;
}

/** One stream that is masked. */
export interface MaskStream {
  /** What can be passed on: all but the last bytes, as many as the longest spelling of a value has, whatever they are. */
  push(chunk: Uint8Array): Uint8Array;
  /** What was held back, at the end. */
  end(): Uint8Array;
}

/** The secrets of one run, for its gates alone. Before the run has taken its seat there are none. */
export interface RunSecrets {
  /** `undefined`: the run has no such secret. */
  get(name: string): Secret | undefined;
  /** `undefined`: the run has none at all, and nothing has to be looked through. */
  mask(): SecretMask | undefined;
}
