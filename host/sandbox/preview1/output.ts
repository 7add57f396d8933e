import type { OutputStream } from './wasi-types.ts';

/** The most that `blocking-write-and-flush` takes. */
const MOST_BLOCKING = 4096;

/** Writes everything and flushes it; waits where the stream has no room. */
export function writeAll(stream: OutputStream, bytes: Uint8Array): void {
  let written = 0;
  let flushed = true;
  while (written < bytes.length) {
    const rest = bytes.subarray(written);
    const room = rest.length <= MOST_BLOCKING ? 0 : Number(stream.checkWrite());
    const piece = rest.subarray(0, room > 0 ? room : MOST_BLOCKING);
    flushed = room === 0;
    if (flushed) stream.blockingWriteAndFlush(piece);
    else stream.write(piece);
    written += piece.length;
  }
  if (!flushed) stream.blockingFlush();
}
