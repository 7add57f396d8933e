import type { OpenHow } from '../../contracts/file-service.ts';
import type { Redaction } from '../../redaction/redactor.ts';
import type { FileHandle, PosixResult } from './posix-files.ts';

/** The largest file that is read under a redaction: it is held as a whole. */
const MOST_READ = 64 * 1024 * 1024;
const PIECE = 1024 * 1024;

/** How the contents of a file are read, by its name. */
export const mediaTypeOf = (names: readonly string[]): string | undefined =>
  names.at(-1)?.toLowerCase().endsWith('.json') === true ? 'application/json' : undefined;

/**
 * An open file of which a guest sees no find, and writes none. It is read as a whole at the first read, so that no two
 * reads show the parts of one; later changes do not show. It is written from its end on, in one piece after the other:
 * what may still become a find is written at the end. Everything else is `unsupported`.
 */
export function redactedHandle(
  handle: FileHandle,
  how: OpenHow,
  redaction: Redaction,
  mediaType: string | undefined,
): FileHandle {
  return how.write ? writtenHandle(handle, redaction, mediaType) : readHandle(handle, redaction, mediaType);
}

/** Whether a file may be opened so under a redaction: what is written could not be told from what is read. */
export const isRedactable = ({ read, write }: OpenHow): boolean => !(read && write);

const UNSUPPORTED = { ok: false, failure: 'unsupported' } as const;

function readHandle(handle: FileHandle, redaction: Redaction, mediaType: string | undefined): FileHandle {
  let seen: Uint8Array | undefined;

  function contents(): PosixResult<Uint8Array> {
    if (seen !== undefined) return { ok: true, value: seen };
    const all = wholeOf(handle);
    if (!all.ok) return all;
    seen = redaction.body(all.value, mediaType);
    return { ok: true, value: seen };
  }

  return {
    ...withoutWrites(handle),
    read(offset, length) {
      const all = contents();
      return all.ok ? { ok: true, value: all.value.slice(offset, offset + length) } : all;
    },
    status() {
      const status = handle.status();
      if (!status.ok || status.value.type !== 'file') return status;
      const all = contents();
      return all.ok ? { ok: true, value: { ...status.value, size: BigInt(all.value.length) } } : status;
    },
  };
}

function wholeOf(handle: FileHandle): PosixResult<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let size = 0; ;) {
    const piece = handle.read(size, PIECE);
    if (!piece.ok) return piece;
    if (piece.value.length === 0) return { ok: true, value: Buffer.concat(pieces) };
    size += piece.value.length;
    if (size > MOST_READ) return { ok: false, failure: 'file-too-large' };
    pieces.push(piece.value.slice()); // it holds until the next read
  }
}

const withoutWrites = (handle: FileHandle): FileHandle => ({
  created: handle.created,
  truncated: handle.truncated,
  read: (offset, length) => handle.read(offset, length),
  write: () => UNSUPPORTED,
  append: () => UNSUPPORTED,
  setSize: () => UNSUPPORTED,
  setTimes: (accessed, modified) => handle.setTimes(accessed, modified),
  status: () => handle.status(),
  sync: (what) => handle.sync(what),
  close: () => handle.close(),
});

function writtenHandle(handle: FileHandle, redaction: Redaction, mediaType: string | undefined): FileHandle {
  const mask = redaction.stream(mediaType);
  /** Where the guest, and the file, go on; unknown before the first write. */
  let given: number | undefined;
  let real = 0;

  /** The end of the file, where nothing was written yet. */
  function begin(): PosixResult<number> {
    if (given !== undefined) return { ok: true, value: given };
    const status = handle.status();
    if (!status.ok) return status;
    real = Number(status.value.size);
    given = real;
    return { ok: true, value: given };
  }

  function put(bytes: Uint8Array, write: (masked: Uint8Array) => PosixResult<number>): PosixResult<number> {
    const masked = mask.push(bytes);
    if (redaction.isCut()) return UNSUPPORTED; // no text: nobody can say what is in it
    const written = masked.length === 0 ? undefined : write(masked);
    if (written?.ok === false) return written;
    real += masked.length;
    given = (given ?? 0) + bytes.length;
    return { ok: true, value: bytes.length };
  }

  return {
    ...withoutWrites(handle),
    read: () => UNSUPPORTED,
    write(offset, bytes) {
      const place = begin();
      if (!place.ok) return place;
      return offset === place.value ? put(bytes, (masked) => handle.write(real, masked)) : UNSUPPORTED;
    },
    append(bytes) {
      const place = begin();
      return place.ok ? put(bytes, (masked) => handle.append(masked)) : place;
    },
    close() {
      const rest = given === undefined ? undefined : mask.end();
      const last = rest === undefined || rest.length === 0 || redaction.isCut() ? undefined : handle.write(real, rest);
      const closed = handle.close();
      return last?.ok === false ? last : closed;
    },
  };
}
