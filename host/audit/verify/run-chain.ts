import type { LevelFinding } from './level.ts';
import type { FormedRecord } from './record-form.ts';

/** Checks that each record follows the one before it: number, run, hash of the last, own hash. */
export interface RunChain {
  next(line: number, record: FormedRecord): void;
  /** A line that cannot be read breaks the chain. */
  unreadable(line: number): void;
}

/** Starts the chain of one run's file. */
export function createRunChain(level: LevelFinding): RunChain {
  let last: FormedRecord | undefined;

  function reasonAgainst(record: FormedRecord): string | undefined {
    if (record.digest !== record.hash) return 'its hash is not the hash of its content: the record was changed';
    const expected = last === undefined ? 0 : last.seq + 1;
    if (record.seq !== expected) return numberReason(record.seq, expected);
    if (last !== undefined && (record.run !== last.run || record.log !== last.log))
      return 'it belongs to another run or log';
    if (record.prev !== (last?.hash ?? '0'.repeat(64))) {
      return last === undefined
        ? 'the first record follows something'
        : `its \`prev\` is not the hash of record ${last.seq}: one of the two was changed`;
    }
    return undefined;
  }

  return Object.freeze({
    next(line: number, record: FormedRecord): void {
      const reason = reasonAgainst(record);
      if (reason === undefined) level.passed();
      else level.failed({ line, seq: record.seq, reason });
      last = record;
    },
    unreadable: (line: number) => level.failed({ line, reason: 'the line cannot be read, so nothing can follow it' }),
  });
}

function numberReason(seq: number, expected: number): string {
  if (seq < expected) return `record ${expected} is expected: the record is out of place or stands there twice`;
  const missing = seq - 1 === expected ? `record ${expected} is` : `records ${expected} to ${seq - 1} are`;
  return `${missing} missing before it`;
}
