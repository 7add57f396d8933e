/** Reads a stream to its end, or until it has given `mostBytes`: what feeds it may never end. */
export async function readStream(stream: AsyncIterable<Buffer>, mostBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    parts.push(part);
    length += part.length;
    if (length >= mostBytes) break;
  }
  return Buffer.concat(parts).subarray(0, mostBytes);
}
