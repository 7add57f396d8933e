import type { ProcessRequest, ProcessResult } from '../gates/tool-exec/process-request.ts';

/** What a cell says to the process that starts its tools. The input of a `run` is a part of its frame. */
export type ToProcessHost =
  | { readonly kind: 'run'; readonly request: WireRequest }
  /** To make a sandbox ready for a call that may come. */
  | { readonly kind: 'warm'; readonly request: WireRequest };

/** What it answers. Each `run` has one `result`, in order, with its two outputs as parts. */
export type FromProcessHost =
  | { readonly kind: 'ready' }
  | { readonly kind: 'result'; readonly result: WireResult }
  | { readonly kind: 'fault'; readonly message: string };

/** A request without its bytes. */
export type WireRequest = Omit<ProcessRequest, 'stdin'>;
/** A result without its bytes. */
export type WireResult =
  | Omit<Extract<ProcessResult, { status: 'exited' }>, 'stdout' | 'stderr'>
  | Exclude<ProcessResult, { status: 'exited' }>;

export interface Frame<Message> {
  readonly message: Message;
  readonly parts: readonly Buffer[];
}

const COUNT_BYTES = 4;
/** The longest message; the parts are bounded by whoever sends them. */
const MOST_MESSAGE_BYTES = 8 * 1024 * 1024;

/** Lengths first: message and parts, then their bytes. */
export function encodeFrame(message: ToProcessHost | FromProcessHost, parts: readonly Uint8Array[] = []): Buffer {
  const pieces = [Buffer.from(JSON.stringify(message), 'utf8'), ...parts];
  const head = Buffer.alloc(COUNT_BYTES * (1 + pieces.length));
  head.writeUInt32LE(pieces.length, 0);
  for (const [index, piece] of pieces.entries()) head.writeUInt32LE(piece.length, COUNT_BYTES * (1 + index));
  return Buffer.concat([head, ...pieces]);
}

/** Cuts a stream into frames. Throws at what no peer sends. */
export function createFrameReader<Message>(): (chunk: Uint8Array) => Frame<Message>[] {
  let held: Buffer = Buffer.alloc(0);
  return (chunk: Uint8Array): Frame<Message>[] => {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    const frames: Frame<Message>[] = [];
    for (;;) {
      const lengths = lengthsOf(held);
      if (lengths === undefined) return frames;
      const start = COUNT_BYTES * (1 + lengths.length);
      const end = lengths.reduce((sum, length) => sum + length, start);
      if (held.length < end) return frames;
      frames.push(frameOf(held.subarray(start, end), lengths));
      held = held.subarray(end);
    }
  };
}

function lengthsOf(bytes: Buffer): number[] | undefined {
  if (bytes.length < COUNT_BYTES) return undefined;
  const count = bytes.readUInt32LE(0);
  if (count < 1 || count > 3) throw new Error('not a frame');
  if (bytes.length < COUNT_BYTES * (1 + count)) return undefined;
  const lengths = Array.from({ length: count }, (_, index) => bytes.readUInt32LE(COUNT_BYTES * (1 + index)));
  if (lengths.some((length) => length > MOST_MESSAGE_BYTES)) throw new Error('a frame is too long');
  return lengths;
}

function frameOf<Message>(bytes: Buffer, lengths: readonly number[]): Frame<Message> {
  const parts: Buffer[] = [];
  let position = 0;
  for (const length of lengths) {
    parts.push(bytes.subarray(position, position + length));
    position += length;
  }
  const [head = Buffer.alloc(0), ...rest] = parts;
  return { message: JSON.parse(head.toString('utf8')) as Message, parts: rest }; // both ends are this program
}
