import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { AuditEntry } from '../contracts/audit-record.ts';
import { HostError } from '../contracts/errors.ts';
import type { PathProbe } from '../contracts/gate-config.ts';
import { didYouMean } from '../contracts/suggestion.ts';
import type { AuditFiles } from './audit-files.ts';
import { RUN_LOG_ENDING } from './run-log.ts';
import { linesOf } from './run-log-scan.ts';

/** Records as they are shown. Nothing is proven here: that is the verifier's part. */

/** One record of a file. */
export interface RunRecord extends AuditEntry {
  readonly v: number;
  readonly log: string;
  readonly run: string;
  readonly seq: number;
  /** RFC 3339, UTC. */
  readonly time: string;
  /** Microseconds since the run started. */
  readonly mono: number;
  readonly prev: string;
  readonly hash: string;
}

/** One line of a file: a record, or text that is none (a torn line). `text` is the line as it stands. */
export type RunRecordLine =
  | { readonly line: number; readonly text: string; readonly record: RunRecord }
  | { readonly line: number; readonly text: string; readonly record?: undefined };

/** Reads the records of a file for display. A line that is no record is handed on as it is. */
export function* readRunRecords(source: string | Iterable<Uint8Array>): Generator<RunRecordLine> {
  const pieces = typeof source === 'string' ? [Buffer.from(source)] : source;
  let line = 0;
  for (const { bytes } of linesOf(pieces)) {
    line += 1;
    const text = new StringDecoder('utf8').end(Buffer.from(bytes));
    const record = recordOf(text);
    yield record === undefined ? { line, text } : { line, text, record };
  }
}

function recordOf(text: string): RunRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The members that every display needs. The rest is as the writer made it, or as the verifier complains. */
function isRecord(value: unknown): value is RunRecord {
  if (typeof value !== 'object' || value === null) return false;
  // Only read, and every member that is relied on is checked here.
  const { run, time, type, hash, seq } = value as { [Name in keyof RunRecord]?: unknown };
  return [run, time, type, hash].every((item) => typeof item === 'string') && Number.isSafeInteger(seq);
}

/** What finding a run needs. */
export interface RunFinder {
  readonly files: Pick<AuditFiles, 'list'>;
  readonly probe: Pick<PathProbe, 'kind'>;
}

/** The run that ended or began last. */
export const LATEST = 'latest';

/**
 * The path of a run's file: `reference` is a path, `latest`, a run id, or the beginning of one that fits only one run.
 * Throws `ERR_AUDIT_READ` with what there is instead.
 */
export function findRun(directory: string, reference: string, { files, probe }: RunFinder): string {
  // An id never holds a separator, so such a reference is a path and a file of that name is never missed for an id.
  if (/[/\\]/.test(reference) || reference.endsWith(RUN_LOG_ENDING)) return existing(reference, probe);
  const runs = listRuns(directory, files);
  if (reference === LATEST) return pathOf(directory, newest(runs, directory));
  if (runs.includes(reference)) return pathOf(directory, reference);
  const [match, ...others] = reference === '' ? [] : runs.filter((run) => run.startsWith(reference));
  if (match === undefined) {
    const text = `no run \`${reference}\` in \`${directory}\`${didYouMean(reference, runs.slice(-SEARCHED))}`;
    throw new HostError('ERR_AUDIT_READ', text, { hints: recent(runs) });
  }
  if (others.length === 0) return pathOf(directory, match);
  const text = `\`${reference}\` is the beginning of ${others.length + 1} runs`;
  throw new HostError('ERR_AUDIT_READ', text, { hints: recent([match, ...others]) });
}

/** The ids of all runs of an audit directory, oldest first: ids sort by time. */
export function listRuns(directory: string, files: Pick<AuditFiles, 'list'>): readonly string[] {
  try {
    const names = files.list(directory).filter((name) => name.endsWith(RUN_LOG_ENDING));
    return names.map((name) => name.slice(0, -RUN_LOG_ENDING.length));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HostError('ERR_AUDIT_READ', `the audit folder \`${directory}\` cannot be read: ${reason}`, {
      cause: error,
    });
  }
}

const SEARCHED = 1000;
const SHOWN = 5;

const pathOf = (directory: string, run: string): string => join(directory, `${run}${RUN_LOG_ENDING}`);
const recent = (runs: readonly string[]): string[] => runs.slice(-SHOWN);

function newest(runs: readonly string[], directory: string): string {
  const last = runs.at(-1);
  if (last === undefined) throw new HostError('ERR_AUDIT_READ', `there is no run in \`${directory}\``);
  return last;
}

function existing(path: string, probe: Pick<PathProbe, 'kind'>): string {
  switch (probe.kind(path)) {
    case 'file':
      return path;
    case 'directory':
      throw new HostError('ERR_AUDIT_READ', `\`${path}\` is a directory, not the record of a run`);
    case 'other':
      throw new HostError('ERR_AUDIT_READ', `\`${path}\` is not a regular file`);
    case undefined:
      throw new HostError('ERR_AUDIT_READ', `there is no file \`${path}\``);
  }
}
