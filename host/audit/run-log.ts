import { dirname, join } from 'node:path';
import type { AuditEntry, RunLog } from '../contracts/audit-record.ts';
import type { HostError } from '../contracts/errors.ts';
import type { Clock } from '../contracts/powers.ts';
import { appendError } from './append-error.ts';
import type { AuditFile, AuditFiles } from './audit-files.ts';
import { createRecordEncoder, NO_HASH, RECORD_BYTES } from './record-line.ts';
import { keepReserve } from './reserve.ts';

/**
 * How far a record goes before the effect may happen. `write`: to the kernel, it survives the death of the process;
 * `fsync`: to the disk, it survives the loss of power, at the price of one disk sync for each record.
 */
export type SyncMode = 'write' | 'fsync';

/** Where a run's log stands. Plain data: it can be sent to another thread, which goes on writing from there. */
export interface RunLogState {
  readonly path: string;
  readonly run: string;
  readonly log: string;
  readonly sync: SyncMode;
  /** Reading of the monotonic clock when the run started, in microseconds. */
  readonly startUs: number;
  /** `mono` of the last record. */
  readonly mono: number;
  /** Number of the next record. */
  readonly seq: number;
  /** Hash of the last record. */
  readonly prev: string;
  /** Length of the file. */
  readonly bytes: number;
}

/** The log of one run, open for writing. There is one writer at a time: hand over `state()` after `close()`. */
export interface RunLogWriter extends RunLog {
  state(): RunLogState;
  /** Closes the file. Later appends fail. It does not end the run: `closeRunLog` does. */
  close(): void;
}

/** What a log needs of the machine. */
export interface RunLogPowers {
  readonly files: AuditFiles;
  readonly clock: Clock;
}

export interface RunLogOptions extends RunLogPowers {
  readonly directory: string;
  readonly run: string;
  readonly log: string;
  readonly sync: SyncMode;
}

/** The file name of a run's log. */
export const RUN_LOG_ENDING = '.jsonl';

/** Starts the log of a new run in a file of its own. Throws `ERR_AUDIT_APPEND`: then the run must not start. */
export function openRunLog(options: RunLogOptions): RunLogWriter {
  const { directory, run, log, clock, files, sync } = options;
  const path = join(directory, `${run}${RUN_LOG_ENDING}`);
  try {
    // The id becomes a file name: it must not lead out of the directory (CWE-22).
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(run))
      throw new TypeError('a run id has letters, digits, `.`, `_`, `-`');
    files.makeDirectory(directory);
    keepReserve(directory, files);
    const file = files.create(path);
    if (sync === 'fsync') files.syncDirectory(directory);
    const state = { path, run, log, sync, startUs: clock.monotonicUs(), mono: 0, seq: 0, prev: NO_HASH, bytes: 0 };
    return createWriter(file, state, clock);
  } catch (error) {
    throw appendError(path, error);
  }
}

/** Goes on with a run's log, in this or another thread. Throws `ERR_AUDIT_APPEND` if the file is not as it was left. */
export function resumeRunLog(state: RunLogState, powers: RunLogPowers): RunLogWriter {
  let file: AuditFile | undefined;
  try {
    file = powers.files.open(state.path);
    if (file.size() !== state.bytes) throw new Error('another writer has touched the file');
    return createWriter(file, state, powers.clock);
  } catch (error) {
    file?.close();
    throw appendError(state.path, error);
  }
}

function createWriter(file: AuditFile, from: RunLogState, clock: Clock): RunLogWriter {
  const { path, run, log, sync, startUs } = from;
  const encoder = createRecordEncoder(log, run);
  const buffer = Buffer.allocUnsafe(RECORD_BYTES);
  let { mono, seq, prev, bytes } = from;
  let broken: HostError | undefined;

  function write(entry: AuditEntry): number {
    const since = Math.max(mono, Math.floor(clock.monotonicUs() - startUs));
    const record = encoder.encode(entry, { seq, timeMs: clock.nowMs(), mono: since, prev });
    const length = buffer.write(record.line);
    file.append(buffer, length);
    if (sync === 'fsync') file.sync();
    const written = seq;
    [mono, prev] = [since, record.hash];
    seq += 1;
    bytes += length;
    return written;
  }

  return Object.freeze({
    append(entry: AuditEntry): number {
      if (broken !== undefined) throw broken;
      try {
        return write(entry);
      } catch (error) {
        // Half a line may be in the file. Nothing is written behind it by this writer, so nothing may happen any more.
        broken = appendError(path, error);
        throw broken;
      }
    },
    state: () => ({ path, run, log, sync, startUs, mono, seq, prev, bytes }),
    close(): void {
      broken ??= appendError(path, new Error('the log was closed'));
      file.close();
    },
  });
}

/** The directory of a run's log. */
export const directoryOf = (state: RunLogState): string => dirname(state.path);
