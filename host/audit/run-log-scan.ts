import { hash } from 'node:crypto';
import { HostError } from '../contracts/errors.ts';
import type { DecisionCounts } from '../contracts/run-result.ts';
import { NO_HASH } from './record-line.ts';

/** What a run's file holds, as far as its writer must know to go on. */
export interface RunLogScan {
  readonly run: string | undefined;
  readonly log: string | undefined;
  /** Number of the next record. */
  readonly seq: number;
  /** Hash of the last whole record. */
  readonly prev: string;
  readonly mono: number;
  /** Numbers of the intents that have no outcome. */
  readonly open: readonly number[];
  /** An effect that its driver denied counts as denied alone; a question without an answer is pending. */
  readonly decisions: DecisionCounts;
  readonly closed: boolean;
  /** The bytes behind the last record that are no record: what writes left that did not end. */
  readonly torn: Uint8Array | undefined;
  /** Whether the last line lacks its newline. */
  readonly unterminated: boolean;
  readonly bytes: number;
}

/** Reads a run's file for its next writer. Throws `ERR_AUDIT_READ` for damage that is not a torn last line. */
export function scanRunLog(path: string, pieces: Iterable<Uint8Array>): RunLogScan {
  const tally = createTally();
  let last: { readonly members: Members; readonly text: string; readonly line: number } | undefined;
  let torn: Uint8Array | undefined;
  let [number, bytes, unterminated] = [0, 0, false];

  for (const line of linesOf(pieces)) {
    number += 1;
    bytes += line.bytes.length + (line.terminated ? 1 : 0);
    unterminated = !line.terminated;
    const text = Buffer.from(line.bytes).toString();
    const members = parsed(text);
    if (members === undefined) {
      // More than one: the disk was full again while the first was being vouched for.
      torn = torn === undefined ? line.bytes : Buffer.concat([torn, Buffer.from('\n'), line.bytes]);
      continue;
    }
    // A torn line in the middle is one that an earlier writer found, kept and vouched for.
    if (torn !== undefined && members.type !== 'log.recovered') throw damaged(path, number - 1);
    torn = undefined;
    if (!tally.next(members)) throw damaged(path, number);
    last = { members, text, line: number };
  }
  if (last !== undefined && !hashHolds(last.members, last.text)) throw damaged(path, last.line);
  return { ...tally.result(), torn, unterminated, bytes };
}

type Tally = Omit<RunLogScan, 'torn' | 'unterminated' | 'bytes'>;

/** Counts what the records say. `next` is false for a record that does not come next. */
function createTally(): { next(members: Members): boolean; result(): Tally } {
  let first: Members | undefined;
  let last: Members | undefined;
  let [allow, deny, pending] = [0, 0, 0];
  const open = new Set<number>();
  return {
    next(members): boolean {
      const { seq, type, intent } = members;
      if (seq !== (last === undefined ? 0 : last.seq + 1)) return false;
      first ??= members;
      last = members;
      if (type === 'effect.denied') deny += 1;
      // A driver found what the rules could not see: the effect was denied after all.
      if (type === 'effect.denied' && intent !== undefined) allow -= 1;
      if (intent !== undefined) open.delete(intent);
      if (type === 'approval.asked') pending += 1;
      if (type === 'approval.answered') pending -= 1;
      if (type === 'effect.intended') {
        allow += 1;
        open.add(seq);
      }
      return true;
    },
    result: () => ({
      run: first?.run,
      log: first?.log,
      seq: last === undefined ? 0 : last.seq + 1,
      prev: last?.hash ?? NO_HASH,
      mono: last?.mono ?? 0,
      open: [...open],
      decisions: { allow, deny, pending },
      closed: last?.type === 'run.closed',
    }),
  };
}

const damaged = (path: string, line: number): HostError =>
  new HostError('ERR_AUDIT_READ', `the audit record \`${path}\` is damaged at line ${line}`, {
    hints: [`sallyport audit verify ${path}`],
    position: { file: path, line },
  });

/** The members that matter for going on. */
interface Members {
  readonly seq: number;
  readonly type: string;
  readonly hash: string;
  readonly mono: number;
  readonly run: string;
  readonly log: string;
  readonly intent?: number;
}

function parsed(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMembers(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isMembers(value: unknown): value is Members {
  if (typeof value !== 'object' || value === null) return false;
  // Only read, and every member is checked here.
  const { seq, type, hash: own, mono, run, log, intent } = value as { [Name in keyof Members]?: unknown };
  const numbers = [seq, mono, intent ?? 0];
  return (
    numbers.every((item) => Number.isSafeInteger(item)) &&
    [type, own, run, log].every((item) => typeof item === 'string')
  );
}

/** The line is canonical, so taking `hash` out of the text leaves the bytes that were hashed. */
function hashHolds(members: Members, text: string): boolean {
  return hash('sha256', `\0${text.replace(`"hash":"${members.hash}",`, '')}`, 'hex') === members.hash;
}

interface Line {
  readonly bytes: Uint8Array;
  readonly terminated: boolean;
}

const NEWLINE = 0x0a;

/** The lines of a file that comes in pieces, without their newline. */
export function* linesOf(pieces: Iterable<Uint8Array>): Generator<Line> {
  let rest: Uint8Array[] = [];
  for (const piece of pieces) {
    let from = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, from)) {
      yield { bytes: Buffer.concat([...rest, piece.subarray(from, end)]), terminated: true };
      rest = [];
      from = end + 1;
    }
    if (from < piece.length) rest.push(piece.subarray(from));
  }
  if (rest.length > 0) yield { bytes: Buffer.concat(rest), terminated: false };
}
