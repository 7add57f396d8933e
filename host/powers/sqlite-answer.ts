import type { StatementSync } from 'node:sqlite';
import type { Answer, Call, EngineFailure, SqlValue, StatementFacts } from '../gates/db/engine.ts';

export const failed = (failure: EngineFailure): Answer => ({ status: 'failed', failure });

/** Reads rows until one of the limits of the call: rows and bytes are counted while stepping. */
export function rowsOf(found: Iterable<unknown>, call: Call, deadline: number, now: () => number): Answer {
  const rows: SqlValue[][] = [];
  let bytes = 0;
  for (const row of found) {
    if (rows.length >= call.maxRows) return { status: 'rows', rows, truncated: true, bytes };
    const values = row as SqlValue[]; // `returnArrays` and `readBigInts` are set
    for (const value of values) bytes += bytesOf(value);
    if (bytes > call.maxBytes) return failed('too-large');
    rows.push(values);
    if ((rows.length & 63) === 0 && now() > deadline) return failed('timed-out');
  }
  return { status: 'rows', rows, truncated: false, bytes };
}

/** What a value weighs: its content, and at least a word. */
function bytesOf(value: SqlValue): number {
  if (typeof value === 'string') return Math.max(8, Buffer.byteLength(value));
  return value instanceof Uint8Array ? Math.max(8, value.byteLength) : 8;
}

/** Performs a change and says what it came to. */
export function changesOf(statement: StatementSync, binding: readonly SqlValue[], facts: StatementFacts): Answer {
  const { changes, lastInsertRowid } = statement.run(...binding);
  // SQLite keeps the numbers of the last statement that changed rows, so they mean nothing after any other.
  const rows = facts.touches[0].verb === 'schema' ? 0n : BigInt(changes);
  const lastRowId = facts.inserts && rows > 0n ? BigInt(lastInsertRowid) : undefined;
  return { status: 'changes', rows, lastRowId };
}
