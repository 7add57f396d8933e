import type { Adapter, Functions } from './adapter.ts';
import type { CallArguments } from './call-arguments.ts';
import { fail, isClosed } from './errno.ts';
import { demand, FDFLAG, fileWith, seekable, type OpenedFile, type OpenedInput, type OpenedOutput } from './opened.ts';
import { writeAll } from './output.ts';
import { RIGHT } from './rights.ts';
import { gather, readVectors, scatter, sizeOf } from './vectors.ts';
import type { Advice } from './wasi-types.ts';

/** Nothing in a file lies beyond it (`filesize` is used as a signed number in many places). */
const LAST_OFFSET = 2n ** 63n - 1n;

const ADVICE: readonly Advice[] = ['normal', 'sequential', 'random', 'will-need', 'dont-need', 'no-reuse'];

/** What `fd_seek` counts from, by `whence`. */
const WHENCE = { set: 0, current: 1, end: 2 } as const;

const offsetOf = (offset: bigint): bigint => (offset > LAST_OFFSET ? fail('inval') : offset);

function startOf(file: OpenedFile, whence: number): bigint {
  switch (whence) {
    case WHENCE.set:
      return 0n;
    case WHENCE.current:
      return file.position;
    case WHENCE.end:
      return file.descriptor.stat().size;
    default:
      return fail('inval');
  }
}

/** `fd_read`, `fd_write` and their twins at an offset. */
export function createFileTransfer({ view, table, payloadOf }: Adapter): Functions {
  function readFile({ descriptor }: OpenedFile, wanted: number, offset: bigint): Uint8Array {
    const parts: Uint8Array[] = [];
    let had = 0;
    while (had < wanted) {
      const [bytes, end] = descriptor.read(BigInt(wanted - had), offset + BigInt(had));
      parts.push(bytes.subarray(0, wanted - had));
      had += bytes.length;
      if (end || bytes.length === 0) break;
    }
    return parts.length === 1 ? (parts[0] ?? new Uint8Array(0)) : Buffer.concat(parts);
  }

  function readInput(input: OpenedInput, wanted: number): Uint8Array {
    const waits = (input.flags & FDFLAG.nonblock) === 0;
    const stream = input.stream();
    let bytes: Uint8Array;
    try {
      bytes = waits ? stream.blockingRead(BigInt(wanted)) : stream.read(BigInt(wanted));
    } catch (error) {
      if (isClosed(payloadOf(error))) return new Uint8Array(0); // the end
      throw error;
    }
    return bytes.length > 0 || waits ? bytes : fail('again');
  }

  function writeFile(file: OpenedFile, bytes: Uint8Array, offset: bigint): number {
    let written = 0;
    while (written < bytes.length) {
      const count = Number(file.descriptor.write(bytes.subarray(written), offset + BigInt(written)));
      if (count === 0) break;
      written += count;
    }
    return written;
  }

  function appendFile(file: OpenedFile, bytes: Uint8Array): number {
    const stream = file.descriptor.appendViaStream();
    try {
      writeAll(stream, bytes);
    } finally {
      stream[Symbol.dispose]();
    }
    return bytes.length;
  }

  function writeOutput(output: OpenedOutput, bytes: Uint8Array): number {
    writeAll(output.stream(), bytes);
    return bytes.length;
  }

  /** Reads what `take` gives into the vectors of the call. */
  function fill(given: CallArguments, result: number, take: (wanted: number) => Uint8Array): number {
    const vectors = readVectors(view, given.u32(1), given.u32(2));
    const wanted = sizeOf(vectors);
    given.charge(wanted);
    const bytes = wanted === 0 ? new Uint8Array(0) : take(wanted);
    scatter(view, vectors, bytes);
    view.setU32(result, Math.min(bytes.length, wanted));
    return Math.min(bytes.length, wanted);
  }

  function drain(given: CallArguments, result: number, put: (bytes: Uint8Array) => number): number {
    const bytes = gather(view, readVectors(view, given.u32(1), given.u32(2)));
    given.charge(bytes.length);
    const count = bytes.length === 0 ? 0 : put(bytes);
    view.setU32(result, count);
    return count;
  }

  return {
    fd_read(given) {
      const result = view.place(given.u32(3), 4, 4);
      const opened = table.get(given.u32(0));
      switch (opened.kind) {
        case 'input':
          demand(opened, RIGHT.fdRead);
          fill(given, result, (wanted) => readInput(opened, wanted));
          return;
        case 'file':
          demand(opened, RIGHT.fdRead);
          opened.position += BigInt(fill(given, result, (wanted) => readFile(opened, wanted, opened.position)));
          return;
        case 'output':
        case 'directory':
          return fail('badf');
      }
    },
    fd_pread(given) {
      const result = view.place(given.u32(4), 4, 4);
      const file = seekable(table.get(given.u32(0)), RIGHT.fdRead);
      const offset = offsetOf(given.u64(3));
      fill(given, result, (wanted) => readFile(file, wanted, offset));
    },
    fd_write(given) {
      const result = view.place(given.u32(3), 4, 4);
      const opened = table.get(given.u32(0));
      switch (opened.kind) {
        case 'output':
          demand(opened, RIGHT.fdWrite);
          drain(given, result, (bytes) => writeOutput(opened, bytes));
          return;
        case 'file': {
          demand(opened, RIGHT.fdWrite);
          if ((opened.flags & FDFLAG.append) === 0) {
            opened.position += BigInt(drain(given, result, (bytes) => writeFile(opened, bytes, opened.position)));
          } else if (drain(given, result, (bytes) => appendFile(opened, bytes)) > 0) {
            opened.position = opened.descriptor.stat().size;
          }
          return;
        }
        case 'input':
        case 'directory':
          return fail('badf');
      }
    },
    fd_pwrite(given) {
      const result = view.place(given.u32(4), 4, 4);
      const file = seekable(table.get(given.u32(0)), RIGHT.fdWrite);
      const offset = offsetOf(given.u64(3));
      drain(given, result, (bytes) => writeFile(file, bytes, offset));
    },
    fd_seek(given) {
      const result = view.place(given.u32(3), 8, 8);
      const [delta, whence] = [given.s64(1), given.u32(2)];
      const onlyTells = whence === WHENCE.current && delta === 0n;
      const file = seekable(table.get(given.u32(0)), onlyTells ? RIGHT.fdTell : RIGHT.fdSeek);
      const next = startOf(file, whence) + delta;
      if (next < 0n || next > LAST_OFFSET) return fail('inval');
      file.position = next;
      view.setU64(result, next);
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
      if (end > descriptor.stat().size) descriptor.setSize(end);
    },
  };
}
