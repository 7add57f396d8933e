import { BINARY, joined, TOO_LARGE, type MaskStream } from '../../redaction/mask-stream.ts';
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
  /** Cuts the request off, if what was decided does not stand any more. */
  recheck(): void;
  /** Calls back once, if the body is given up or cut off while the connection still takes it. */
  onAbandon(listener: (code: 'abandoned' | 'revoked') => void): void;
}

/** Bounds of one upload. */
export interface UploadLimits {
  readonly length: number | undefined;
  readonly maxBytes: number;
  /** Masks what is written, before anything of it leaves. */
  readonly mask?: MaskStream | undefined;
  /** Whether what was decided still stands; asked before each piece. */
  readonly stands: () => boolean;
  /** Room for bytes before they are given to the connection. */
  readonly takeBytes: (bytes: number) => boolean;
}

/** Whether something could not be looked into: what must be masked in it would leave. */
const isCut = (mask: MaskStream | undefined): boolean =>
  mask !== undefined && (mask.finds.has(BINARY) || mask.finds.has(TOO_LARGE));

/** Makes the passage of one body. It holds one piece: who writes faster than the network waits. */
export function createUpload({ length, maxBytes, mask, stands, takeBytes }: UploadLimits): Upload {
  let written = 0;
  let state: 'open' | 'ended' | 'abandoned' | 'revoked' | 'cancelled' = 'open';
  let held: Uint8Array | undefined;
  let reader: (() => void) | undefined;
  let writer: (() => void) | undefined;
  let abandoned: ((code: 'abandoned' | 'revoked') => void) | undefined;

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
  const close = (as: 'abandoned' | 'revoked' | 'cancelled'): void => {
    if (state !== 'open' && state !== 'ended') return;
    state = as;
    held = undefined;
    wakeReader();
    wakeWriter();
    if (as !== 'cancelled') abandoned?.(as);
  };
  const recheck = (): void => {
    // A body that has left is the server's.
    if ((state === 'open' || held !== undefined) && !stands()) close('revoked');
  };
  const refuse = (refused: string): { readonly refused: string } => {
    close('abandoned');
    return { refused };
  };

  const source: UploadSource = {
    // What is masked has another length.
    length: mask === undefined ? length : undefined,
    async next() {
      while (held === undefined && state === 'open') await new Promise<void>((resolve) => (reader = resolve));
      recheck();
      // Changed meanwhile, which the compiler does not see.
      if (['abandoned', 'revoked'].includes(state)) throw new Error('the writer gave up, or was stopped');
      const piece = state === 'cancelled' ? undefined : held;
      held = undefined;
      wakeWriter();
      return piece;
    },
    cancel: () => close('cancelled'),
  };

  return {
    source,
    recheck,
    async write(bytes) {
      recheck();
      if (state !== 'open') return 'dropped';
      written += bytes.length;
      if (length !== undefined && written > length) return refuse('the body is longer than was said');
      if (written > maxBytes) return refuse('the body is larger than the limit');
      const piece = mask === undefined ? bytes : mask.push(bytes);
      if (isCut(mask)) return refuse('the body is no text');
      if (piece.length === 0) return 'taken';
      if (!takeBytes(piece.length)) return refuse('the budget for its bytes is used up');
      while (held !== undefined) await new Promise<void>((resolve) => (writer = resolve));
      // Changed meanwhile, which the compiler does not see.
      if ((state as string) !== 'open') return 'dropped';
      held = piece;
      wakeReader();
      return 'taken';
    },
    end() {
      if (state !== 'open') return undefined;
      if (length !== undefined && written < length) return refuse('the body is shorter than was said');
      const rest = mask?.end();
      if (isCut(mask)) return refuse('the body is no text');
      if (rest !== undefined && rest.length > 0 && !takeBytes(rest.length))
        return refuse('the budget for its bytes is used up');
      state = 'ended';
      if (rest !== undefined && rest.length > 0) held = held === undefined ? rest : joined(held, rest);
      wakeReader();
      return undefined;
    },
    abandon: () => close('abandoned'),
    onAbandon: (listener) => void (abandoned = listener),
  };
}
