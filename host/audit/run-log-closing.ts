import { hash } from 'node:crypto';
import { dirname } from 'node:path';
import type { AuditEntry } from '../contracts/audit-record.ts';
import { HostError } from '../contracts/errors.ts';
import type { GuestFrames, Usage } from '../contracts/run-end.ts';
import type { DecisionCounts, RunStatus } from '../contracts/run-result.ts';
import type { LimitName } from '../contracts/limits.ts';
import { appendError, codeOf } from './append-error.ts';
import { spendReserve } from './reserve.ts';
import { resumeRunLog, type RunLogPowers, type RunLogState, type RunLogWriter, type SyncMode } from './run-log.ts';
import { scanRunLog, type RunLogScan } from './run-log-scan.ts';

/** How a run ended, for its last records. */
export interface RunEnding {
  readonly status: RunStatus;
  readonly usage: Usage;
  /** The limit that ended the run. */
  readonly limit?: { readonly name: LimitName; readonly message: string };
  /** What was under way in the guest when it ended. */
  readonly stack?: GuestFrames;
}

/** What the closing found and did. */
export interface ClosedRunLog {
  /** Records in the file, all of them. */
  readonly records: number;
  /** Hash of the last one: whoever keeps it can prove later that nothing was cut off. */
  readonly hash: string;
  readonly decisions: DecisionCounts;
  /** Intents that had no outcome. */
  readonly unknown: readonly number[];
  /** The torn last line, if there was one. */
  readonly recovered?: { readonly bytes: number; readonly digest: string };
}

/**
 * Ends the log of a run whose cell is gone. Reads what is in the file, keeps a torn last line and vouches for it, says of
 * every intent without outcome that it is unknown, and writes `run.closed`. Throws `ERR_AUDIT_APPEND` or `ERR_AUDIT_READ`.
 */
export function closeRunLog(
  state: Pick<RunLogState, 'path' | 'run' | 'log' | 'sync' | 'startUs'>,
  ending: RunEnding,
  powers: RunLogPowers,
): ClosedRunLog {
  try {
    return close(state, ending, powers);
  } catch (error) {
    // The reserve is for this moment: it frees room to say how the run ended. What was half written is found again.
    const full = error instanceof HostError && ['ENOSPC', 'EDQUOT'].includes(codeOf(error.cause) ?? '');
    if (!full || !spendReserve(dirname(state.path), powers.files)) throw error;
    return close(state, ending, powers);
  }
}

/** Where the log of a run stands whose host is gone, read from its file; so `closeRunLog` can end it. */
export function readRunLogState(path: string, powers: RunLogPowers, sync: SyncMode = 'write'): RunLogState {
  const { run, log, seq, prev, mono, bytes } = scan(path, powers);
  if (run === undefined || log === undefined) {
    throw new HostError('ERR_AUDIT_READ', `the audit record \`${path}\` has no record in it`);
  }
  return { path, run, log, sync, startUs: powers.clock.monotonicUs() - mono, mono, seq, prev, bytes };
}

function scan(path: string, { files }: RunLogPowers): RunLogScan {
  try {
    return scanRunLog(path, files.read(path));
  } catch (error) {
    if (error instanceof HostError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new HostError('ERR_AUDIT_READ', `the audit record \`${path}\` cannot be read: ${reason}`, { cause: error });
  }
}

function close(
  state: Pick<RunLogState, 'path' | 'run' | 'log' | 'sync' | 'startUs'>,
  ending: RunEnding,
  powers: RunLogPowers,
): ClosedRunLog {
  const found = scan(state.path, powers);
  if (found.closed) throw appendError(state.path, new Error('the run was closed before'));
  if (found.run !== undefined && found.run !== state.run)
    throw appendError(state.path, new Error('the file is of another run'));
  const { seq, prev, mono } = found;
  const bytes = found.bytes + endLastLine(state.path, found, powers);
  const writer = resumeRunLog({ ...state, seq, prev, mono, bytes }, powers);
  try {
    const recovered = tornOf(found);
    if (recovered !== undefined) {
      writer.append({ type: 'log.recovered', detail: { ...recovered, open: found.open.length, last: prev } });
    }
    appendEnding(writer, found.open, ending);
    const { seq: records, prev: last } = writer.state();
    return {
      records,
      hash: last,
      decisions: found.decisions,
      unknown: found.open,
      ...(recovered === undefined ? {} : { recovered }),
    };
  } finally {
    writer.close();
  }
}

const UNKNOWN = 'the run ended before the outcome was recorded';

function appendEnding(writer: RunLogWriter, open: readonly number[], ending: RunEnding): void {
  const { status, usage, limit, stack } = ending;
  for (const intent of open) writer.append({ type: 'effect.unknown', intent, detail: { reason: UNKNOWN } });
  if (limit !== undefined) writer.append({ type: 'limit.hit', detail: { limit: limit.name, message: limit.message } });
  const last: AuditEntry = {
    type: 'run.closed',
    detail: { status, usage: { ...usage }, ...(stack === undefined ? {} : { stack: [...stack] }) },
  };
  writer.append(last);
}

function tornOf({ torn }: RunLogScan): { bytes: number; digest: string } | undefined {
  return torn && { bytes: torn.length, digest: `sha256:${hash('sha256', torn, 'hex')}` };
}

/** Ends a last line that has no newline. Returns the bytes written. */
function endLastLine(path: string, { unterminated }: RunLogScan, { files }: RunLogPowers): number {
  if (!unterminated) return 0;
  try {
    const file = files.open(path);
    try {
      file.append(Buffer.from('\n'), 1);
      return 1;
    } finally {
      file.close();
    }
  } catch (error) {
    throw appendError(path, error);
  }
}
