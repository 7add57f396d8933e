import { sealInterface, throwWit, type HostInterface } from '../contracts/guest-import.ts';
import { createDeadClass } from './dead-class.ts';
import type { Poll } from './poll.ts';
import { createSlots, type Slots } from './slots.ts';

/** The most bytes that one stream call moves. */
const CHUNK = 65_536;

/** The most that the WIT lets `blocking-write-and-flush` carry. */
const MAX_BLOCKING_WRITE = 4096;

/** Where an input stream's bytes come from. */
export interface Source {
  /** At most `max` bytes, at least one; `undefined` at the end. */
  take(max: number): Uint8Array | undefined;
}

/** Where an output stream's bytes go. */
export interface Sink {
  /** How many bytes it still takes; 0 means closed. */
  room(): number;
  /** Never called with more than `room()` bytes. */
  put(bytes: Uint8Array): void;
}

/** Makes streams for the other interfaces. A stream object is one handle: make a new one each time it is asked for. */
export interface Streams {
  readonly errors: HostInterface;
  readonly interface: HostInterface;
  input(source: Source): object;
  output(sink: Sink): object;
}

type StreamError = { readonly tag: 'closed' } | { readonly tag: 'last-operation-failed'; readonly val: object };

const closed = (): never => throwWit({ tag: 'closed' } satisfies StreamError);

type Trap = (message: string) => never;

function read(source: Source, length: bigint): Uint8Array {
  if (length === 0n) return new Uint8Array(0);
  return source.take(length > BigInt(CHUNK) ? CHUNK : Number(length)) ?? closed();
}

function roomOf(sink: Sink): number {
  const free = sink.room();
  return free > 0 ? Math.min(free, CHUNK) : closed();
}

/** Writes what fits; if that is not all, the stream is closed, and says so. */
function write(sink: Sink, bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  const free = sink.room();
  if (free > 0) sink.put(bytes.subarray(0, free));
  if (bytes.length > free) closed();
}

function splice(sink: Sink, source: Source, length: bigint): bigint {
  const free = BigInt(roomOf(sink));
  const bytes = read(source, length < free ? length : free);
  write(sink, bytes);
  return BigInt(bytes.length);
}

/** The resource `input-stream`. Nothing waits, so the blocking calls are the plain ones. */
function createInputs(sources: Slots<Source>, ready: () => object) {
  const skip = (stream: object, length: bigint): bigint => BigInt(read(sources.of(stream), length).length);

  return class InputStream {
    read(length: bigint): Uint8Array {
      return read(sources.of(this), length);
    }
    blockingRead(length: bigint): Uint8Array {
      return read(sources.of(this), length);
    }
    skip(length: bigint): bigint {
      return skip(this, length);
    }
    blockingSkip(length: bigint): bigint {
      return skip(this, length);
    }
    subscribe(): object {
      sources.of(this);
      return ready();
    }
    [Symbol.dispose](): void {
      sources.release(this);
    }
  };
}

/** The resource `output-stream`. A write beyond what the WIT permits is a trap, before anything is allocated. */
function createOutputs(sinks: Slots<Sink>, sources: Slots<Source>, ready: () => object, trap: Trap) {
  function within(most: number, length: number | bigint): void {
    if (length > most) trap('a write is larger than the stream permits');
  }
  function put(stream: object, bytes: Uint8Array, most: number): void {
    within(most, bytes.length);
    write(sinks.of(stream), bytes);
  }
  function putZeroes(stream: object, length: bigint, most: number): void {
    within(most, length);
    write(sinks.of(stream), new Uint8Array(Number(length)));
  }

  return class OutputStream {
    checkWrite(): bigint {
      return BigInt(roomOf(sinks.of(this)));
    }
    write(contents: Uint8Array): void {
      put(this, contents, CHUNK);
    }
    blockingWriteAndFlush(contents: Uint8Array): void {
      put(this, contents, MAX_BLOCKING_WRITE);
    }
    flush(): void {
      sinks.of(this);
    }
    blockingFlush(): void {
      sinks.of(this);
    }
    subscribe(): object {
      sinks.of(this);
      return ready();
    }
    writeZeroes(length: bigint): void {
      putZeroes(this, length, CHUNK);
    }
    blockingWriteZeroesAndFlush(length: bigint): void {
      putZeroes(this, length, MAX_BLOCKING_WRITE);
    }
    splice(source: object, length: bigint): bigint {
      return splice(sinks.of(this), sources.of(source), length);
    }
    blockingSplice(source: object, length: bigint): bigint {
      return splice(sinks.of(this), sources.of(source), length);
    }
    [Symbol.dispose](): void {
      sinks.release(this);
    }
  };
}

/** `wasi:io/error` and `wasi:io/streams` over memory: no call waits. */
export function createStreams(poll: Poll, trap: Trap): Streams {
  const sources = createSlots<Source>(trap);
  const sinks = createSlots<Sink>(trap);
  const InputStream = createInputs(sources, poll.ready);
  const OutputStream = createOutputs(sinks, sources, poll.ready, trap);
  return Object.freeze({
    // Nothing here fails in a way that needs an error resource; the class exists because the WIT names it.
    errors: sealInterface({ Error: createDeadClass(['toDebugString'], trap) }),
    interface: sealInterface({ InputStream, OutputStream }),
    input: (source: Source) => sources.hold(new InputStream(), source),
    output: (sink: Sink) => sinks.hold(new OutputStream(), sink),
  });
}

/** The bytes of one buffer, in order; streams made from it share its position. */
export function createByteSource(bytes: Uint8Array): Source {
  let position = 0;
  return Object.freeze({
    take(max: number): Uint8Array | undefined {
      if (position >= bytes.length) return undefined;
      const part = bytes.slice(position, position + max);
      position += part.length;
      return part;
    },
  });
}
