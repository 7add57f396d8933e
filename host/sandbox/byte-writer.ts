/** Bytes that are written from front to back, in one piece that grows. */
export interface ByteWriter {
  bytes(part: Uint8Array | readonly number[]): void;
  length(): number;
  finish(): Uint8Array<ArrayBuffer>;
}

export function createByteWriter(capacity: number): ByteWriter {
  let buffer = new Uint8Array(Math.max(64, capacity));
  let at = 0;
  return Object.freeze({
    bytes(part: Uint8Array | readonly number[]): void {
      if (at + part.length > buffer.length) {
        const larger = new Uint8Array(2 * (at + part.length));
        larger.set(buffer.subarray(0, at));
        buffer = larger;
      }
      buffer.set(part, at);
      at += part.length;
    },
    length: () => at,
    finish: () => buffer.slice(0, at),
  });
}
