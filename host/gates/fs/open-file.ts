import type { FileAnswer, NewTime, OpenFile, OpenHow } from '../../contracts/file-service.ts';
import type { EffectEnd } from '../../enforcement/effect.ts';
import type { Redaction } from '../../redaction/redactor.ts';
import { fileError } from './file-answer.ts';
import type { FileHandle, PosixResult } from './posix-files.ts';

/** An open file and the effect that it is. */
export interface BegunFile {
  readonly file: OpenFile;
  /** Says, once, what was done with it. */
  readonly ended: (report: (end: EffectEnd) => void) => void;
  /** Closes it because its run is over. */
  readonly abandon: () => void;
}

export interface OpenFileOptions {
  readonly handle: FileHandle;
  readonly how: OpenHow;
  /** Whether the decision on its opening still stands. */
  readonly stands: () => boolean;
  /** Room for bytes before they move. */
  readonly takeBytes: (bytes: number) => boolean;
  /** Bytes that one call may carry. */
  readonly callBytes: number;
  /** What masks its contents, if anything. */
  readonly redaction?: Redaction | undefined;
  readonly closed: () => void;
}

/** What was done so far. */
interface Tally {
  read: number;
  written: number;
  resized: boolean;
  timesSet?: true;
  /** A use was refused, because the decision no longer stood. */
  revoked?: true;
  /** Bytes found no room in a budget. */
  crowded?: true;
  left?: true;
}

/** Bounds what is done with an open file by what was decided at its opening, and keeps the account of it. */
export function createOpenFile(options: OpenFileOptions): BegunFile {
  const { handle, how, stands, takeBytes, callBytes, redaction, closed } = options;
  const tally: Tally = { read: 0, written: 0, resized: false };
  let isOpen = true;
  let report: (end: EffectEnd) => void = () => undefined;

  /** One use of the file, if it is open for it and the policy is still what it was, or would still allow it. */
  function using<Value>(may: boolean, act: () => PosixResult<Value>, done: (value: Value) => void): FileAnswer<Value> {
    if (!isOpen || !may) return fileError('bad-descriptor');
    if (!stands()) {
      tally.revoked = true;
      return fileError('access');
    }
    const result = act();
    // What was read is not given yet: another run may have written it since the file was opened, with another label.
    if (result.ok && how.read && !stands()) {
      tally.revoked = true;
      return fileError('access');
    }
    if (!result.ok)
      return fileError(result.failure === 'forbidden' || result.failure === 'link' ? 'access' : result.failure);
    done(result.value);
    return result;
  }

  /** What has room only in the budgets of the file: without it, the file says that its quota is used up. */
  function ifRoom(bytes: number, act: () => PosixResult<number>): PosixResult<number> {
    if (takeBytes(bytes)) return act();
    tally.crowded = true;
    return NO_ROOM;
  }

  function written(bytes: number): void {
    tally.written += bytes;
    tally.resized = true;
  }

  function close(): void {
    if (!isOpen) return;
    isOpen = false;
    closed();
    const facts = factsOf(handle, tally);
    const result = handle.close();
    const code = tally.crowded ? 'budget-exhausted' : result.ok ? undefined : result.failure;
    // Only now is known what the last bytes were.
    const discharged = redaction === undefined ? {} : { discharged: { redact: redaction.counts() } };
    report({ ...(code === undefined ? {} : { code }), facts: { ...facts, ...discharged } });
  }

  const file: OpenFile = Object.freeze({
    read(offset: bigint, most: number): FileAnswer<Uint8Array> {
      const from = numberOf(offset);
      if (from === 'negative' || most < 0) return fileError('invalid');
      const length = from === 'too-large' ? 0 : Math.min(most, callBytes);
      return using(
        how.read,
        () => {
          const read = handle.read(from === 'too-large' ? 0 : from, length);
          if (!read.ok || takeBytes(read.value.length)) return read;
          tally.crowded = true;
          return NO_ROOM;
        },
        ({ length: read }) => void (tally.read += read),
      );
    },
    write(offset: bigint, bytes: Uint8Array): FileAnswer<number> {
      const from = numberOf(offset);
      if (typeof from === 'string') return fileError(from === 'negative' ? 'invalid' : 'file-too-large');
      return using(how.write, () => ifRoom(bytes.length, () => handle.write(from, bytes)), written);
    },
    append: (bytes: Uint8Array) => using(how.write, () => ifRoom(bytes.length, () => handle.append(bytes)), written),
    setSize(size: bigint): FileAnswer<undefined> {
      const to = numberOf(size);
      if (typeof to === 'string') return fileError(to === 'negative' ? 'invalid' : 'file-too-large');
      return using(
        how.write,
        () => handle.setSize(to),
        () => void (tally.resized = true),
      );
    },
    setTimes: (accessed: NewTime, modified: NewTime) =>
      using(
        how.write,
        () => handle.setTimes(accessed, modified),
        () => void (tally.timesSet = true),
      ),
    status: () =>
      using(
        true,
        () => handle.status(),
        () => undefined,
      ),
    sync: (what: 'data' | 'all') =>
      using(
        how.read || how.write,
        () => handle.sync(what),
        () => undefined,
      ),
    close,
  });

  return Object.freeze({
    file,
    ended: (given: (end: EffectEnd) => void) => void (report = given),
    abandon(): void {
      tally.left = true;
      close();
    },
  });
}

const NO_ROOM = { ok: false, failure: 'quota' } as const;

function factsOf(handle: FileHandle, { read, written, resized, ...more }: Tally): EffectEnd['facts'] {
  const { created, truncated } = handle;
  const status = resized ? handle.status() : undefined;
  const did = {
    ...(created ? { created } : {}),
    ...(truncated ? { truncated } : {}),
    ...(status?.ok ? { size: Number(status.value.size) } : {}),
    ...more,
  };
  return { bytesIn: read, bytesOut: written, ...(Object.keys(did).length === 0 ? {} : { detail: did }) };
}

/** No file is larger than what a number can count. */
function numberOf(value: bigint): number | 'negative' | 'too-large' {
  if (value < 0n) return 'negative';
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? 'too-large' : Number(value);
}
