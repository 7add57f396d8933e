import { sealInterface, throwWit, type HostInterface } from '../contracts/guest-import.ts';
import { after, type Pending } from '../contracts/pending.ts';
import type { Readiness } from '../contracts/readiness.ts';
import type { Poll } from './poll.ts';
import { createSlots } from './slots.ts';
import { createStreamErrors } from './stream-errors.ts';
import { StreamFailure } from './stream-failure.ts';

/** The most bytes that one stream call moves. */
export const CHUNK = 65_536;

/** The most that the WIT lets `blocking-write-and-flush` carry. */
const MAX_BLOCKING_WRITE = 4096;

/** What source and sink have in common. */
interface StreamEnd {
  /** Left out where nothing ever waits. One end has one, the same each time. */
  readonly readiness?: Readiness;
  /** The guest dropped its stream. Called once. */
  close?(): void;
}

/** Where an input stream's bytes come from. */
export interface Source extends StreamEnd {
  /**
   * At most `max` bytes, good until the next call; none where it must be waited for; `undefined` at the end. Throws a
   * `StreamFailure` where it failed.
   */
  take(max: number): Uint8Array | undefined;
}

/** Where an output stream's bytes go. */
export interface Sink extends StreamEnd {
  /**
   * How many bytes it takes now; 0 where it must be waited for; `undefined` if it takes none any more. Throws a
   * `StreamFailure` where it failed.
   */
  room(): number | undefined;
  /** Never called with more than `room()` bytes, which are the caller's again afterwards. May fail like `room`. */
  put(bytes: Uint8Array): void;
}

/** Makes streams for the other interfaces. A stream object is one handle: make a new one each time it is asked for. */
export interface Streams {
  readonly errors: HostInterface;
  readonly interface: HostInterface;
  input(source: Source): object;
  output(sink: Sink): object;
  /** What is behind an error resource that a guest got from a stream. */
  readonly failureBehind: (error: object) => StreamFailure;
}

type StreamError = { readonly tag: 'closed' } | { readonly tag: 'last-operation-failed'; readonly val: object };

type Trap = (message: string) => never;

/** One handle. What failed once is closed from then on. */
interface Open<End> {
  readonly end: End;
  failed: boolean;
}

const closed = (): never => throwWit({ tag: 'closed' } satisfies StreamError);

const NOTHING = new Uint8Array(0);

/** What the resources of both directions share. */
interface StreamWork {
  /** Does something with the end of a stream, and turns its failure into the guest's error. */
  readonly use: <End extends StreamEnd, Value>(open: Open<End>, work: (end: End) => Value) => Value;
  /** The same as soon as the end is ready. */
  readonly useReady: <End extends StreamEnd, Value>(
    open: Open<End>,
    work: (end: End) => Pending<Value>,
  ) => Pending<Value>;
  readonly subscribe: (open: Open<StreamEnd>) => object;
}

function createStreamWork(poll: Poll, fail: (failure: StreamFailure) => never): StreamWork {
  function use<End extends StreamEnd, Value>(open: Open<End>, work: (end: End) => Value): Value {
    if (open.failed) closed();
    try {
      return work(open.end);
    } catch (error) {
      if (!(error instanceof StreamFailure)) throw error;
      open.failed = true;
      return fail(error);
    }
  }
  return {
    use,
    useReady: (open, work) => after(open.failed ? undefined : poll.until(open.end.readiness), () => use(open, work)),
    subscribe({ end, failed }) {
      return failed || end.readiness === undefined ? poll.ready() : poll.on(end.readiness);
    },
  };
}

function read(source: Source, length: bigint): Uint8Array {
  if (length === 0n) return NOTHING;
  return source.take(length > BigInt(CHUNK) ? CHUNK : Number(length)) ?? closed();
}

function roomOf(sink: Sink): number {
  return Math.min(sink.room() ?? closed(), CHUNK);
}

/** Writes what fits; if that is not all, the stream is closed, and says so. */
function write(sink: Sink, bytes: Uint8Array, trap: Trap): void {
  if (bytes.length === 0) return;
  const room = sink.room() ?? closed();
  if (bytes.length <= room) {
    sink.put(bytes);
    return;
  }
  // The WIT asks for `check-write` before: whoever did not, or wrote more than it said, gets no second chance.
  if (sink.readiness !== undefined) trap('a write is larger than the stream permits');
  sink.put(bytes.subarray(0, room));
  sink.room(); // where this is the end of the run, the sink says so
  closed();
}

/** The resource `input-stream`. */
function createInputs(sources: ReturnType<typeof createSlots<Open<Source>>>, { use, useReady, subscribe }: StreamWork) {
  return class InputStream {
    read(length: bigint): Uint8Array {
      return use(sources.of(this), (source) => read(source, length));
    }
    blockingRead(length: bigint): Pending<Uint8Array> {
      return useReady(sources.of(this), (source) => read(source, length));
    }
    skip(length: bigint): bigint {
      return use(sources.of(this), (source) => BigInt(read(source, length).length));
    }
    blockingSkip(length: bigint): Pending<bigint> {
      return useReady(sources.of(this), (source) => BigInt(read(source, length).length));
    }
    subscribe(): object {
      return subscribe(sources.of(this));
    }
    [Symbol.dispose](): void {
      const open = sources.of(this);
      sources.release(this);
      open.end.close?.();
    }
  };
}

/** The resource `output-stream`. A write beyond what the WIT permits is a trap, before anything is allocated. */
function createOutputs(
  sinks: ReturnType<typeof createSlots<Open<Sink>>>,
  sources: ReturnType<typeof createSlots<Open<Source>>>,
  { use, useReady, subscribe }: StreamWork,
  trap: Trap,
) {
  function within(most: number, length: number | bigint): void {
    if (length > most) trap('a write is larger than the stream permits');
  }

  /** All of it, in as many parts as the sink wants. */
  function writeAll(open: Open<Sink>, bytes: Uint8Array): Pending<void> {
    return useReady(open, (sink) => {
      const room = sink.readiness === undefined ? bytes.length : (sink.room() ?? closed());
      write(sink, bytes.subarray(0, room), trap);
      return room < bytes.length ? writeAll(open, bytes.subarray(room)) : undefined;
    });
  }

  function splice(to: Open<Sink>, from: Open<Source>, length: bigint): bigint {
    const room = BigInt(use(to, roomOf));
    const bytes = use(from, (source) => read(source, length < room ? length : room));
    use(to, (sink) => write(sink, bytes, trap));
    return BigInt(bytes.length);
  }
  // What a sink has taken is on its way: nothing could be hurried, only found out.
  const flush = (sink: Sink): void => {
    if (sink.readiness !== undefined) roomOf(sink);
  };

  return class OutputStream {
    checkWrite(): bigint {
      return use(sinks.of(this), (sink) => BigInt(roomOf(sink)));
    }
    write(contents: Uint8Array): void {
      within(CHUNK, contents.length);
      use(sinks.of(this), (sink) => write(sink, contents, trap));
    }
    blockingWriteAndFlush(contents: Uint8Array): Pending<void> {
      within(MAX_BLOCKING_WRITE, contents.length);
      return writeAll(sinks.of(this), contents);
    }
    flush(): void {
      use(sinks.of(this), flush);
    }
    blockingFlush(): Pending<void> {
      return useReady(sinks.of(this), flush);
    }
    subscribe(): object {
      return subscribe(sinks.of(this));
    }
    writeZeroes(length: bigint): void {
      within(CHUNK, length);
      use(sinks.of(this), (sink) => write(sink, new Uint8Array(Number(length)), trap));
    }
    blockingWriteZeroesAndFlush(length: bigint): Pending<void> {
      within(MAX_BLOCKING_WRITE, length);
      return writeAll(sinks.of(this), new Uint8Array(Number(length)));
    }
    splice(source: object, length: bigint): bigint {
      return splice(sinks.of(this), sources.of(source), length);
    }
    blockingSplice(source: object, length: bigint): Pending<bigint> {
      const [to, from] = [sinks.of(this), sources.of(source)];
      return useReady(to, () => useReady(from, () => splice(to, from, length)));
    }
    [Symbol.dispose](): void {
      const open = sinks.of(this);
      sinks.release(this);
      open.end.close?.();
    }
  };
}

/** `wasi:io/error` and `wasi:io/streams`. Calls that may wait answer at once where there is nothing to wait for. */
export function createStreams(poll: Poll, trap: Trap): Streams {
  const sources = createSlots<Open<Source>>(trap);
  const sinks = createSlots<Open<Sink>>(trap);
  const errors = createStreamErrors(trap);
  const work = createStreamWork(poll, errors.fail);
  const InputStream = createInputs(sources, work);
  const OutputStream = createOutputs(sinks, sources, work, trap);
  return Object.freeze({
    errors: errors.interface,
    interface: sealInterface({ InputStream, OutputStream }),
    input: (source: Source) => sources.hold(new InputStream(), { end: source, failed: false }),
    output: (sink: Sink) => sinks.hold(new OutputStream(), { end: sink, failed: false }),
    failureBehind: errors.failureBehind,
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
