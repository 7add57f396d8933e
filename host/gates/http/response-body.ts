import type { MaskStream } from '../../contracts/run-secrets.ts';
import type { Flow, NetworkFailure } from './dialer.ts';
import type { Coding, Decompression, Decompressor } from './decompressor.ts';

/** What a read of a body answers. */
export type BodyRead =
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly failure: NetworkFailure };

/** How a body ended: whole, left by its reader, cut because the policy does not allow it any more, or broken. */
export type BodyOver = 'whole' | 'left' | 'revoked' | 'budget-exhausted' | NetworkFailure;

/** Bounds of one body. */
export interface BodyLimits {
  /** Of the bytes received, and again of the bytes decompressed. */
  readonly maxBytes: number;
  /** Most bytes out of one byte in, beyond the first MiB. */
  readonly maxRatio: number;
}

/** One body on its way to the guest: bounded, decompressed, and taken at the guest's pace. */
export interface ResponseBody {
  /** Bytes from the network. */
  data(chunk: Uint8Array): void;
  /** The network's end of the body. */
  end(): void;
  fail(failure: NetworkFailure): void;
  /** The next bytes, at most `max`; waits for some. One read at a time: the bytes are good until the next one. */
  read(max: number): Promise<BodyRead>;
  /** What there is of that without waiting; `undefined` where it must be waited for. */
  take(max: number): BodyRead | undefined;
  /** True if `take` has something to say. */
  ready(): boolean;
  /** Waits until it has; `wanted` is how many bytes would be taken together. One at a time, like reads. */
  wait(wanted: number): Promise<void>;
  /** All bytes. */
  readAll(): Promise<BodyRead>;
  /** Cuts the body off, if what was decided does not stand any more. */
  recheck(): void;
  /** Ends the body from the reader's side. */
  close(): void;
  /** Calls back when nothing more comes, once; at once where that is so already. */
  whenOver(listener: (over: BodyOver) => void): void;
  receivedBytes(): number;
}

/** What a body is made of. */
export interface BodySource {
  readonly flow: Flow;
  readonly coding: Coding | undefined;
  readonly decompressor: Decompressor;
  readonly limits: BodyLimits;
  /** Whether what was decided still stands; asked as bytes come in, and as they are taken. */
  readonly stands: () => boolean;
  /** True if the body will be read by `readAll`: then nothing pauses, `maxBytes` is the bound. */
  readonly whole: boolean;
  /** Masks what was decoded, before anybody can read it. */
  readonly mask?: MaskStream;
  /** Room for bytes as they were received. Where there is none, the body ends: to its reader it is too large. */
  readonly takeBytes: (bytes: number) => boolean;
}

const HIGH_WATER = 512 * 1024;
const FREE_OUTPUT = 1024 * 1024;

/** Makes the body of one answer. */
export function createResponseBody(source: BodySource): ResponseBody {
  const { flow, coding, limits, whole, mask } = source;
  const chunks = createChunkQueue();
  let received = 0;
  let made = 0;
  let state: 'open' | 'ended' | NetworkFailure = 'open';
  let over: BodyOver | undefined;
  let wake: (() => void) | undefined;
  let overseer: ((over: BodyOver) => void) | undefined;
  let decompression: Decompression | undefined;
  let held = false;
  let revoked = false;

  const settle = (next: 'ended' | NetworkFailure, as: BodyOver = next === 'ended' ? 'whole' : next): void => {
    if (state !== 'open') return;
    // What was held back of a body that broke off is not shown: it may be the beginning of a secret.
    if (next === 'ended' && mask !== undefined) keep(mask.end());
    state = next;
    over = as;
    if (next !== 'ended') {
      chunks.clear();
      flow.abort();
    }
    decompression?.close();
    overseer?.(as);
    wake?.();
  };

  /** False once it is cut off: nothing of it reaches the guest any more, not what is here already either. */
  const admitted = (): boolean => {
    if (revoked || source.stands()) return !revoked;
    revoked = true;
    if (state === 'open') settle('connection-failed', 'revoked');
    else if (state === 'ended' && chunks.size() > 0) state = 'connection-failed';
    chunks.clear();
    return false;
  };

  const hold = (): void => {
    if (whole || held || chunks.size() < HIGH_WATER) return;
    held = true;
    if (decompression === undefined) flow.pause();
    else decompression.pause();
  };
  const release = (): void => {
    if (!held || chunks.size() >= HIGH_WATER) return;
    held = false;
    if (decompression === undefined) flow.resume();
    else decompression.resume();
  };

  const accept = (chunk: Uint8Array): void => {
    if (state !== 'open' || chunk.length === 0) return;
    made += chunk.length;
    const bomb = decompression !== undefined && made > FREE_OUTPUT && made > received * limits.maxRatio;
    if (made > limits.maxBytes || bomb) {
      settle('response-too-large');
      return;
    }
    keep(mask === undefined ? chunk : mask.push(chunk));
  };
  const keep = (chunk: Uint8Array): void => {
    if (chunk.length === 0) return;
    chunks.push(chunk);
    hold();
    wake?.();
  };

  const startDecompression = (as: Coding): Decompression =>
    source.decompressor(as, {
      data: accept,
      end: () => {
        settle('ended');
        // What follows the coded data means nothing; where the network has ended too, this does nothing.
        flow.abort();
      },
      fail: () => settle('protocol-error'),
      drained: () => flow.resume(),
    });

  // One piece of memory for all reads: a long stream would leave its whole length for the collector.
  let memory = new Uint8Array(0);
  const scratch = (size: number): Uint8Array => {
    if (memory.length < size) memory = new Uint8Array(size);
    return memory.subarray(0, size);
  };

  const isOpen = (): boolean => state === 'open';
  const changed = (): Promise<void> =>
    new Promise((resolve) => {
      wake = () => {
        wake = undefined;
        resolve();
      };
    });

  const ready = (): boolean => state !== 'open' || chunks.size() > 0;
  const take = (max: number): BodyRead | undefined => {
    admitted();
    if (chunks.size() === 0) {
      if (state === 'open') return undefined;
      return state === 'ended' ? { kind: 'end' } : { kind: 'failed', failure: state };
    }
    const bytes = chunks.shift(max, scratch);
    release();
    return { kind: 'data', bytes };
  };
  const wait = async (wanted: number): Promise<void> => {
    while (!ready()) await changed();
    // Each answer to the guest costs a switch of stacks: what came in one go is given in one go.
    if (isOpen() && chunks.size() < wanted) await flow.arrived();
  };

  return {
    data(chunk) {
      if (state !== 'open' || !admitted()) return;
      received += chunk.length;
      if (received > limits.maxBytes) {
        settle('response-too-large');
      } else if (!source.takeBytes(chunk.length)) {
        settle('response-too-large', 'budget-exhausted');
      } else if (coding === undefined) {
        accept(chunk);
      } else {
        decompression ??= startDecompression(coding);
        if (!decompression.write(chunk)) flow.pause();
      }
    },
    end() {
      // A coded body of no bytes at all is an empty body.
      if (decompression === undefined) settle('ended');
      else decompression.end();
    },
    fail: (failure) => settle(failure),
    async read(max) {
      for (;;) {
        const read = take(max);
        if (read !== undefined) return read;
        await wait(max);
      }
    },
    take,
    ready,
    wait,
    async readAll() {
      while (state === 'open') await changed();
      return state === 'ended'
        ? { kind: 'data', bytes: chunks.shift(chunks.size(), (size) => new Uint8Array(size)) }
        : { kind: 'failed', failure: state };
    },
    recheck: () => void admitted(),
    close() {
      settle('connection-failed', 'left');
      chunks.clear();
    },
    whenOver(listener) {
      overseer = listener;
      if (over !== undefined) listener(over);
    },
    receivedBytes: () => received,
  };
}

/** Chunks in order, with their total size. */
function createChunkQueue() {
  let chunks: Uint8Array[] = [];
  let size = 0;
  return {
    size: () => size,
    clear(): void {
      chunks = [];
      size = 0;
    },
    push(chunk: Uint8Array): void {
      if (chunk.length === 0) return;
      chunks.push(chunk);
      size += chunk.length;
    },
    /** The first bytes, `max` of them or as many as there are. Copies only where chunks must be joined: into `room`. */
    shift(max: number, room: (size: number) => Uint8Array): Uint8Array {
      const wanted = Math.min(max, size);
      size -= wanted;
      const [first] = chunks;
      if (first === undefined || wanted === 0) return new Uint8Array(0);
      if (first.length > wanted) {
        chunks[0] = first.subarray(wanted);
        return first.subarray(0, wanted);
      }
      if (first.length === wanted) {
        chunks.shift();
        return first;
      }
      return join(room(wanted));
    },
  };

  function join(joined: Uint8Array): Uint8Array {
    const wanted = joined.length;
    let used = 0;
    let filled = 0;
    for (const chunk of chunks) {
      const part = chunk.subarray(0, wanted - filled);
      joined.set(part, filled);
      filled += part.length;
      if (part.length < chunk.length) {
        chunks[used] = chunk.subarray(part.length);
        break;
      }
      used += 1;
      if (filled === wanted) break;
    }
    chunks = chunks.slice(used);
    return joined;
  }
}
