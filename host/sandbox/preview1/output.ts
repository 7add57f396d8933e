import type { Pending } from '../../contracts/pending.ts';
import type { OutputStream } from './wasi-types.ts';

/** The most that `blocking-write-and-flush` takes. */
const MOST_BLOCKING = 4096;

/** Writes everything and flushes it; waits where the stream has no room. */
export function writeAll(stream: OutputStream, bytes: Uint8Array): Pending<undefined> {
  let rest = bytes;
  let flushed = true;
  while (rest.length > 0) {
    const room = rest.length <= MOST_BLOCKING ? 0 : Number(stream.checkWrite());
    const piece = rest.subarray(0, room > 0 ? room : MOST_BLOCKING);
    const next = rest.subarray(piece.length);
    flushed = room === 0;
    if (flushed) {
      const done = stream.blockingWriteAndFlush(piece);
      if (done instanceof Promise) return done.then(() => writeAll(stream, next));
    } else {
      stream.write(piece);
    }
    rest = next;
  }
  return flushed ? undefined : stream.blockingFlush();
}
