/** Reads a binary format from front to back. Every method throws `RangeError` at the end of the bytes. */
export interface ByteReader {
  byte(): number;
  /** The next byte, without taking it. */
  peek(): number;
  /** An unsigned LEB128 number of at most 32 bits. */
  u32(): number;
  /** A length and as many bytes of UTF-8. */
  text(): string;
  /** A reader of the next `length` bytes alone. */
  take(length: number): ByteReader;
  /** A second reader at the same place. */
  fork(): ByteReader;
  atEnd(): boolean;
  /** How many bytes there are still. */
  left(): number;
  /** Where it is, from the start of all bytes. */
  position(): number;
}

export function createByteReader(bytes: Uint8Array, start = 0, end = bytes.length): ByteReader {
  let at = start;

  function peek(): number {
    const next = at < end ? bytes[at] : undefined;
    if (next === undefined) throw new RangeError('the bytes end too early');
    return next;
  }
  function byte(): number {
    const next = peek();
    at++;
    return next;
  }
  function advance(length: number): number {
    if (length > end - at) throw new RangeError('the bytes end too early');
    at += length;
    return at - length;
  }
  function u32(): number {
    let value = 0;
    for (let index = 0; index < 5; index++) {
      const next = byte();
      value += (next & 0x7f) * 2 ** (7 * index);
      if (next < 0x80 && value <= 0xffff_ffff) return value;
      if (next < 0x80) break;
    }
    throw new RangeError('a number does not fit 32 bits');
  }

  return Object.freeze({
    byte,
    peek,
    u32,
    text(): string {
      const from = advance(u32());
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(from, at));
    },
    take(length: number): ByteReader {
      const from = advance(length);
      return createByteReader(bytes, from, at);
    },
    fork: () => createByteReader(bytes, at, end),
    atEnd: () => at >= end,
    left: () => end - at,
    position: () => at,
  });
}
