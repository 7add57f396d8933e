/** A JSON header and blobs, as one sequence of bytes: what passes between the host and the preparing child. */
export interface Frame {
  readonly header: unknown;
  readonly blobs: readonly Uint8Array[];
}

interface Envelope {
  readonly header: unknown;
  readonly lengths: readonly number[];
}

export function encodeFrame({ header, blobs }: Frame): Uint8Array[] {
  const envelope: Envelope = { header, lengths: blobs.map(({ length }) => length) };
  const text = Buffer.from(JSON.stringify(envelope));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return [length, text, ...blobs];
}

/** Throws `RangeError` or `SyntaxError` for bytes that are not exactly one frame. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 4 + buffer.readUInt32LE(0);
  if (start > buffer.length) throw new RangeError('the frame is cut off');
  const envelope: unknown = JSON.parse(buffer.toString('utf8', 4, start));
  if (!isEnvelope(envelope)) throw new SyntaxError('the frame has no envelope');
  let at = start;
  const blobs = envelope.lengths.map((length) => {
    if (at + length > buffer.length) throw new RangeError('the frame is cut off');
    return buffer.subarray(at, (at += length));
  });
  if (at !== buffer.length) throw new RangeError('there is something behind the frame');
  return { header: envelope.header, blobs };
}

function isEnvelope(value: unknown): value is Envelope {
  if (typeof value !== 'object' || value === null || !('header' in value) || !('lengths' in value)) return false;
  return Array.isArray(value.lengths) && value.lengths.every((length) => Number.isSafeInteger(length) && length >= 0);
}
