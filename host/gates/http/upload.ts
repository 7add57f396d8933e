import type { UploadSource } from './dialer.ts';

/** What became of bytes that a guest wrote. `dropped`: the exchange is over, the server reads no more. */
export type Written = 'taken' | 'dropped' | { readonly refused: string };

/** A request body between the guest that writes it and the connection that takes it. */
export interface Upload {
  readonly source: UploadSource;
  /** Waits until the connection asks for more. One write at a time. */
  write(bytes: Uint8Array): Promise<Written>;
  /** The body is complete; a text where it must not be. */
  end(): { readonly refused: string } | undefined;
  /** Gives up: a request that is under way is cut off. */
  abandon(): void;
  /** Calls back once, if the body is given up while the connection still takes it. */
  onAbandon(listener: () => void): void;
}

/** Bounds of one upload. */
export interface UploadLimits {
  readonly length: number | undefined;
  readonly maxBytes: number;
  /** Room for bytes before they are given to the connection. */
  readonly takeBytes: (bytes: number) => boolean;
}

/** Makes the passage of one body. It holds one piece: who writes faster than the network waits. */
export function createUpload({ length, maxBytes, takeBytes }: UploadLimits): Upload {
  let written = 0;
  let state: 'open' | 'ended' | 'abandoned' | 'cancelled' = 'open';
  let held: Uint8Array | undefined;
  let reader: (() => void) | undefined;
  let writer: (() => void) | undefined;
  let abandoned: (() => void) | undefined;

  const wakeReader = (): void => {
    const wake = reader;
    reader = undefined;
    wake?.();
  };
  const wakeWriter = (): void => {
    const wake = writer;
    writer = undefined;
    wake?.();
  };
  const close = (as: 'abandoned' | 'cancelled'): void => {
    if (state === 'cancelled' || state === 'abandoned') return;
    state = as;
    held = undefined;
    wakeReader();
    wakeWriter();
    if (as === 'abandoned') abandoned?.();
  };
  const refuse = (refused: string): { readonly refused: string } => {
    close('abandoned');
    return { refused };
  };

  const source: UploadSource = {
    length,
    async next() {
      while (held === undefined && state === 'open') await new Promise<void>((resolve) => (reader = resolve));
      if (state === 'abandoned') throw new Error('the writer gave up');
      const piece = state === 'cancelled' ? undefined : held;
      held = undefined;
      wakeWriter();
      return piece;
    },
    cancel: () => close('cancelled'),
  };

  return {
    source,
    async write(bytes) {
      if (state !== 'open') return 'dropped';
      written += bytes.length;
      if (length !== undefined && written > length) return refuse('the body is longer than was said');
      if (written > maxBytes) return refuse('the body is larger than the limit');
      if (bytes.length === 0) return 'taken';
      if (!takeBytes(bytes.length)) return refuse('the budget for its bytes is used up');
      while (held !== undefined) await new Promise<void>((resolve) => (writer = resolve));
      // Changed meanwhile, which the compiler does not see.
      if ((state as string) !== 'open') return 'dropped';
      held = bytes;
      wakeReader();
      return 'taken';
    },
    end() {
      if (state !== 'open') return undefined;
      if (length !== undefined && written < length) return refuse('the body is shorter than was said');
      state = 'ended';
      wakeReader();
      return undefined;
    },
    abandon: () => close('abandoned'),
    onAbandon: (listener) => void (abandoned = listener),
  };
}
