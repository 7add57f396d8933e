import { readSync, writeSync } from 'node:fs';
import { HEADER_BYTES } from './sqlite-frames.ts';

/**
 * One end of the socket between a cell and its database process. Both ends wait in the system call: nothing else may
 * happen on their threads meanwhile, and a wake-up through an event loop would cost more than most statements.
 */
export interface Channel {
  /** The body of the next frame, valid until the next call; `undefined` where the other end is gone. */
  read(maxBytes: number): Buffer | undefined;
  /** Writes one frame, whole. */
  write(frame: Buffer): void;
}

const FIRST_BYTES = 64 * 1024;

/** Makes a channel of a descriptor that blocks. */
export function createChannel(descriptor: number): Channel {
  let buffer = Buffer.allocUnsafe(FIRST_BYTES);
  let filled = 0;
  /** Bytes of the frame that was handed out last. */
  let taken = 0;

  /** Reads until so many bytes are there. False where the input ends before. */
  function fill(bytes: number): boolean {
    if (bytes > buffer.length) buffer = Buffer.concat([buffer.subarray(0, filled)], bytes);
    while (filled < bytes) {
      const read = readSync(descriptor, buffer, filled, buffer.length - filled, null);
      if (read === 0) return false;
      filled += read;
    }
    return true;
  }

  return Object.freeze({
    read(maxBytes: number): Buffer | undefined {
      buffer.copyWithin(0, taken, filled);
      filled -= taken;
      taken = 0;
      if (buffer.length > FIRST_BYTES && filled <= FIRST_BYTES)
        buffer = Buffer.concat([buffer.subarray(0, filled)], FIRST_BYTES);
      if (!fill(HEADER_BYTES)) return undefined;
      const end = HEADER_BYTES + buffer.readUInt32LE(0);
      if (end > maxBytes) throw new Error('a frame is longer than it may be');
      if (!fill(end)) return undefined;
      taken = end;
      return buffer.subarray(HEADER_BYTES, end);
    },
    write(frame: Buffer): void {
      for (let written = 0; written < frame.length;) written += writeSync(descriptor, frame, written);
    },
  });
}
