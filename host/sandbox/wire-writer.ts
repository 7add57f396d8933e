/** Bytes that are being put together. The buffer is used again: what `take` returns is valid until the next `begin`. */
export interface WireWriter {
  /** Starts anew, with room for a frame's length in front. */
  begin(): void;
  u8(value: number): void;
  u16(value: number): void;
  u32(value: number): void;
  u64(value: bigint): void;
  f32(value: number): void;
  f64(value: number): void;
  /** Bytes as they are; their number is the caller's business. */
  raw(bytes: Uint8Array): void;
  /** A length and the UTF-8 of a text: a lone surrogate becomes U+FFFD, as the canonical ABI wants it. */
  text(value: string): void;
  /** What was written, as one frame. */
  take(): Buffer;
}

/** The length in front of each frame. */
export const HEADER_BYTES = 4;
const FIRST_BYTES = 16 * 1024;
const KEPT_BYTES = 1024 * 1024;

export function createWireWriter(): WireWriter {
  let buffer = Buffer.allocUnsafe(FIRST_BYTES);
  let end = HEADER_BYTES;

  /** Makes room for so many bytes and says where they begin. Then, and not before, `buffer` is the one that has them. */
  function room(bytes: number): number {
    const at = end;
    end += bytes;
    if (end > buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * buffer.length, end));
      buffer.copy(larger, 0, 0, at);
      buffer = larger;
    }
    return at;
  }

  // Room is made first: it may put another buffer in the place of this one.
  function u32(value: number): void {
    const at = room(4);
    buffer.writeUInt32LE(value >>> 0, at);
  }

  function u64(value: bigint): void {
    const at = room(8);
    buffer.writeBigUInt64LE(BigInt.asUintN(64, value), at);
  }

  return Object.freeze({
    begin(): void {
      if (buffer.length > KEPT_BYTES) buffer = Buffer.allocUnsafe(FIRST_BYTES);
      end = HEADER_BYTES;
    },
    u8(value: number): void {
      const at = room(1);
      buffer[at] = value;
    },
    u16(value: number): void {
      const at = room(2);
      buffer.writeUInt16LE(value & 0xffff, at);
    },
    u32,
    u64,
    f32(value: number): void {
      if (value !== value) {
        u32(CANONICAL_NAN_32); // there are many NaNs; on the wire there is one
        return;
      }
      const at = room(4);
      buffer.writeFloatLE(value, at);
    },
    f64(value: number): void {
      if (value !== value) {
        u64(CANONICAL_NAN_64); // there are many NaNs; on the wire there is one
        return;
      }
      const at = room(8);
      buffer.writeDoubleLE(value, at);
    },
    raw(bytes: Uint8Array): void {
      const at = room(bytes.length);
      buffer.set(bytes, at);
    },
    text(value: string): void {
      const most = value.length * 3;
      const at = room(HEADER_BYTES + most);
      const length = buffer.write(value, at + HEADER_BYTES, most, 'utf8');
      buffer.writeUInt32LE(length, at);
      end = at + HEADER_BYTES + length;
    },
    take(): Buffer {
      buffer.writeUInt32LE(end - HEADER_BYTES, 0);
      return buffer.subarray(0, end);
    },
  });
}

/** There are many NaNs; on the wire there is one. */
export const CANONICAL_NAN_32 = 0x7fc00000;
export const CANONICAL_NAN_64 = 0x7ff8000000000000n;
