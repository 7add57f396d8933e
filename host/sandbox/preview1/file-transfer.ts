import { after, type Pending } from '../../contracts/pending.ts';
import type { Adapter, Functions } from './adapter.ts';
import type { CallArguments } from './call-arguments.ts';
import { fail, isClosed } from './errno.ts';
import { demand, FDFLAG, fileWith, seekable, type OpenedFile, type OpenedInput } from './opened.ts';
import { writeAll } from './output.ts';
import { RIGHT } from './rights.ts';
import { gather, readVectors, scatter, sizeOf } from './vectors.ts';
import type { Advice } from './wasi-types.ts';

/** Nothing in a file lies beyond it (`filesize` is used as a signed number in many places). */
const LAST_OFFSET = 2n ** 63n - 1n;

const NOTHING = new Uint8Array(0);

const ADVICE: readonly Advice[] = ['normal', 'sequential', 'random', 'will-need', 'dont-need', 'no-reuse'];

/** What `fd_seek` counts from, by `whence`. */
const WHENCE = { set: 0, current: 1, end: 2 } as const;

const offsetOf = (offset: bigint): bigint => (offset > LAST_OFFSET ? fail('inval') : offset);

function startOf(file: OpenedFile, whence: number): Pending<bigint> {
  switch (whence) {
    case WHENCE.set:
      return 0n;
    case WHENCE.current:
      return file.position;
    case WHENCE.end:
      return after(file.descriptor.stat(), ({ size }) => size);
    default:
      return fail('inval');
  }
}

/** `fd_read`, `fd_write` and their twins at an offset. */
export function createFileTransfer({ view, table, drop, payloadOf }: Adapter): Functions {
  /** What one read gives: a short one is for the program to repeat. */
  const readFile = ({ descriptor }: OpenedFile, wanted: number, offset: bigint): Uint8Array =>
    descriptor.read(BigInt(wanted), offset)[0];

  function readInput(input: OpenedInput, wanted: number): Pending<Uint8Array> {
    const ended = (error: unknown): Uint8Array => {
      if (isClosed(payloadOf(error))) return NOTHING;
      throw error;
    };
    const waits = (input.flags & FDFLAG.nonblock) === 0;
    const stream = input.stream();
    let bytes: Pending<Uint8Array>;
    try {
      bytes = waits ? stream.blockingRead(BigInt(wanted)) : stream.read(BigInt(wanted));
    } catch (error) {
      return ended(error);
    }
    if (bytes instanceof Promise) return bytes.catch(ended);
    return bytes.length > 0 || waits ? bytes : fail('again');
  }

  const writeFile = ({ descriptor }: OpenedFile, bytes: Uint8Array, offset: bigint): number =>
    Number(descriptor.write(bytes, offset));

  function appendFile(file: OpenedFile, bytes: Uint8Array): Pending<number> {
    const stream = file.descriptor.appendViaStream();
    let done: Pending<undefined>;
    try {
      done = writeAll(stream, bytes);
    } catch (error) {
      drop(stream);
      throw error;
    }
    if (done instanceof Promise) return done.finally(() => drop(stream)).then(() => bytes.length);
    drop(stream);
    return bytes.length;
  }

  /** Reads what `take` gives into the vectors of the call; goes on with how much that was. */
  function fill(
    given: CallArguments,
    result: number,
    take: (wanted: number) => Pending<Uint8Array>,
    moved?: (count: number) => void,
  ): Pending<undefined> {
    const vectors = readVectors(view, given.u32(1), given.u32(2));
    const wanted = sizeOf(vectors);
    given.charge(wanted);
    return after(wanted === 0 ? NOTHING : take(wanted), (bytes) => {
      const count = Math.min(bytes.length, wanted);
      scatter(view, vectors, bytes);
      view.setU32(result, count);
      moved?.(count);
      return undefined;
    });
  }

  /** Gives `put` a copy of what the vectors of the call lead to. */
  function drain(
    given: CallArguments,
    result: number,
    put: (bytes: Uint8Array) => Pending<number>,
    moved?: (count: number) => Pending<unknown>,
  ): Pending<unknown> {
    const bytes = gather(view, readVectors(view, given.u32(1), given.u32(2)));
    given.charge(bytes.length);
    return after(bytes.length === 0 ? 0 : put(bytes), (count) => {
      view.setU32(result, count);
      return count > 0 ? moved?.(count) : undefined;
    });
  }

  return {
    fd_read(given) {
      const result = view.place(given.u32(3), 4, 4);
      const opened = table.get(given.u32(0));
      switch (opened.kind) {
        case 'input':
          demand(opened, RIGHT.fdRead);
          return fill(given, result, (wanted) => readInput(opened, wanted));
        case 'file':
          demand(opened, RIGHT.fdRead);
          return fill(
            given,
            result,
            (wanted) => readFile(opened, wanted, opened.position),
            (count) => (opened.position += BigInt(count)),
          );
        case 'output':
        case 'directory':
          return fail('badf');
      }
    },
    fd_pread(given) {
      const result = view.place(given.u32(4), 4, 4);
      const file = seekable(table.get(given.u32(0)), RIGHT.fdRead);
      const offset = offsetOf(given.u64(3));
      return fill(given, result, (wanted) => readFile(file, wanted, offset));
    },
    fd_write(given) {
      const result = view.place(given.u32(3), 4, 4);
      const opened = table.get(given.u32(0));
      switch (opened.kind) {
        case 'output':
          demand(opened, RIGHT.fdWrite);
          return drain(given, result, (bytes) => after(writeAll(opened.stream(), bytes), () => bytes.length));
        case 'file':
          demand(opened, RIGHT.fdWrite);
          return (opened.flags & FDFLAG.append) === 0
            ? drain(
                given,
                result,
                (bytes) => writeFile(opened, bytes, opened.position),
                (count) => (opened.position += BigInt(count)),
              )
            : drain(
                given,
                result,
                (bytes) => appendFile(opened, bytes),
                () => after(opened.descriptor.stat(), ({ size }) => (opened.position = size)),
              );
        case 'input':
        case 'directory':
          return fail('badf');
      }
    },
    fd_pwrite(given) {
      const result = view.place(given.u32(4), 4, 4);
      const file = seekable(table.get(given.u32(0)), RIGHT.fdWrite);
      const offset = offsetOf(given.u64(3));
      return drain(given, result, (bytes) => writeFile(file, bytes, offset));
    },
    fd_seek(given) {
      const result = view.place(given.u32(3), 8, 8);
      const [delta, whence] = [given.s64(1), given.u32(2)];
      const onlyTells = whence === WHENCE.current && delta === 0n;
      const file = seekable(table.get(given.u32(0)), onlyTells ? RIGHT.fdTell : RIGHT.fdSeek);
      return after(startOf(file, whence), (start) => {
        const next = start + delta;
        if (next < 0n || next > LAST_OFFSET) return fail('inval');
        file.position = next;
        view.setU64(result, next);
        return undefined;
      });
    },
    fd_tell(given) {
      const result = view.place(given.u32(1), 8, 8);
      view.setU64(result, seekable(table.get(given.u32(0)), RIGHT.fdTell).position);
    },
    fd_advise(given) {
      const { descriptor } = fileWith(table.get(given.u32(0)), RIGHT.fdAdvise);
      descriptor.advise(given.u64(1), given.u64(2), ADVICE[given.u32(3)] ?? fail('inval'));
    },
    fd_allocate(given) {
      const { descriptor } = fileWith(table.get(given.u32(0)), RIGHT.fdAllocate);
      const [offset, length] = [given.u64(1), given.u64(2)];
      if (length === 0n) return fail('inval');
      const end = offset + length;
      if (end > LAST_OFFSET) return fail('fbig');
      return after(descriptor.stat(), ({ size }) => (end > size ? descriptor.setSize(end) : undefined));
    },
  };
}
