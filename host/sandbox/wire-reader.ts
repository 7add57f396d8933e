import { CANONICAL_NAN_32, CANONICAL_NAN_64 } from './wire-writer.ts';

/** Bytes that are not what the type says, or not as `WireWriter` puts them: whoever sent them is not to be trusted. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** More values than one frame may hold: each of them costs memory, however few bytes it has. */
export class WireExcess extends Error {
  override readonly name = 'WireExcess';
}

/** Takes a frame apart. Every method throws `WireError` where the bytes end before it is done. */
export interface WireReader {
  u8(): number;
  u16(): number;
  u32(): number;
  u64(): bigint;
  f32(): number;
  f64(): number;
  /** A copy. */
  raw(length: number): Uint8Array<ArrayBuffer>;
  text(): string;
  /** A number of items of which each has at least `least` bytes and makes `values` values. */
  count(least: number, values: number): number;
  readonly left: () => number;
  /** Throws where something is left. */
  end(): void;
}

/** Strict, and with its byte order mark: a text arrives as it was sent. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `mostValues` bounds the items of all lists together. */
export function createWireReader(bytes: Uint8Array, mostValues: number): WireReader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let room = mostValues;

  /** Steps over so many bytes and says where they begin. */
  function step(length: number): number {
    const start = at;
    if (length > buffer.length - start) throw new WireError('the frame is cut off');
    at += length;
    return start;
  }

  function f32(): number {
    const start = step(4);
    const value = buffer.readFloatLE(start);
    if (value !== value && buffer.readUInt32LE(start) !== CANONICAL_NAN_32)
      throw new WireError('a NaN of another kind');
    return value;
  }

  function f64(): number {
    const start = step(8);
    const value = buffer.readDoubleLE(start);
    if (value !== value && buffer.readBigUInt64LE(start) !== CANONICAL_NAN_64)
      throw new WireError('a NaN of another kind');
    return value;
  }

  const u32 = (): number => buffer.readUInt32LE(step(4));

  return Object.freeze({
    u8: () => buffer.readUInt8(step(1)),
    u16: () => buffer.readUInt16LE(step(2)),
    u32,
    u64: () => buffer.readBigUInt64LE(step(8)),
    f32,
    f64,
    raw(length: number): Uint8Array<ArrayBuffer> {
      const start = step(length);
      return new Uint8Array(buffer.subarray(start, start + length));
    },
    text(): string {
      const length = u32();
      const start = step(length);
      try {
        return decoder.decode(buffer.subarray(start, start + length));
      } catch {
        throw new WireError('a text is not UTF-8');
      }
    },
    count(least: number, values: number): number {
      const count = u32();
      if (count * least > buffer.length - at) throw new WireError('a list is longer than its frame');
      room -= count * values;
      if (room < 0) throw new WireExcess('too many values');
      return count;
    },
    left: () => buffer.length - at,
    end(): void {
      if (at !== buffer.length) throw new WireError('there is something behind the frame');
    },
  });
}
