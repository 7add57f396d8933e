import { readSync, writeSync } from 'node:fs';
import { HEADER_BYTES } from './wire-writer.ts';

/**
 * One end of the socket between a guest's process and its broker. Both ends wait in the system call: a guest that calls
 * has nothing else to do, and its broker nothing else to serve; a wake-up through an event loop costs more than many a
 * gate.
 */
export interface FrameChannel {
  /** The body of the next frame, valid until the next call; `undefined` where the other end is gone. */
  read(maxBytes: number): Buffer | undefined;
  /** So many bytes that follow a frame, by themselves; `undefined` as above. */
  take(length: number): Buffer | undefined;
  /** Writes all of these bytes; false where the other end is gone. */
  write(bytes: Uint8Array): boolean;
}

/** A frame that is longer than the reader takes. */
export class FrameTooLong extends Error {
  override readonly name = 'FrameTooLong';
}

const FIRST_BYTES = 64 * 1024;

/** Makes a channel of a descriptor that blocks. */
export function createFrameChannel(descriptor: number): FrameChannel {
  let buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  let [start, end] = [0, 0];

  /** Reads until so many bytes are there, in one piece. False where the input ends before. */
  function fill(bytes: number): boolean {
    if (end - start >= bytes) return true;
    buffer.copyWithin(0, start, end);
    [start, end] = [0, end - start];
    if (bytes > buffer.length) {
      const larger = Buffer.allocUnsafeSlow(bytes);
      buffer.copy(larger, 0, 0, end);
      buffer = larger;
    } else if (buffer.length > FIRST_BYTES && bytes <= FIRST_BYTES && end <= FIRST_BYTES) {
      buffer = Buffer.from(buffer.subarray(0, FIRST_BYTES));
    }
    while (end < bytes) {
      const read = orNothing(() => readSync(descriptor, buffer, end, buffer.length - end, null));
      if (read === 0) return false;
      end += read;
    }
    return true;
  }

  return Object.freeze({
    read(maxBytes: number): Buffer | undefined {
      if (!fill(HEADER_BYTES)) return undefined;
      const length = buffer.readUInt32LE(start);
      if (length > maxBytes) throw new FrameTooLong(`a frame of ${length} bytes`);
      if (!fill(HEADER_BYTES + length)) return undefined;
      const from = start + HEADER_BYTES;
      start = from + length;
      return buffer.subarray(from, start);
    },
    take(length: number): Buffer | undefined {
      const bytes = Buffer.allocUnsafeSlow(length);
      const ready = Math.min(length, end - start);
      buffer.copy(bytes, 0, start, start + ready);
      start += ready;
      for (let at = ready; at < length;) {
        const read = orNothing(() => readSync(descriptor, bytes, at, length - at, null));
        if (read === 0) return undefined;
        at += read;
      }
      return bytes;
    },
    write(bytes: Uint8Array): boolean {
      for (let written = 0; written < bytes.length;) {
        const more = orNothing(() => writeSync(descriptor, bytes, written));
        if (more === 0) return false;
        written += more;
      }
      return true;
    },
  });
}

/** How many bytes were moved; 0 where the other end is gone. */
function orNothing(move: () => number): number {
  try {
    return move();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET')) return 0;
    throw error;
  }
}
