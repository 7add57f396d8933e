import { DatabaseSync } from 'node:sqlite';
import type { SqliteTarget } from '../gates/db/engine.ts';

/** What a connection is opened with besides the database. */
export interface FenceOptions {
  readonly target: SqliteTarget;
  /** How long a statement waits for another writer. It blocks the thread. */
  readonly busyMs: number;
  /** The most memory that SQLite may take in this process; every connection of the process shares it. */
  readonly heapBytes?: number;
}

const SQL_BYTES = 64 * 1024;

/** Opens the file with everything closed that no statement needs. Throws what SQLite throws. */
export function openFenced({ target, busyMs, heapBytes }: FenceOptions): DatabaseSync {
  const opened = new DatabaseSync(target.path, {
    readOnly: !target.writable,
    timeout: busyMs,
    defensive: true,
    allowExtension: false,
    enableDoubleQuotedStringLiterals: false,
    enableForeignKeyConstraints: true,
    limits: {
      attach: 0,
      length: Math.max(target.maxBytes, SQL_BYTES),
      sqlLength: SQL_BYTES,
      column: 500,
      exprDepth: 200,
      compoundSelect: 100,
      vdbeOp: 1_000_000,
      functionArg: 127,
      likePatternLength: 1_000,
      variableNumber: 1_000,
      triggerDepth: 32,
    },
  });
  // The schema may call functions that no statement may; sorting must not write files.
  opened.exec(
    'pragma trusted_schema = off; pragma temp_store = memory; pragma cell_size_check = on; pragma mmap_size = 0',
  );
  limitGrowth(opened, target);
  if (heapBytes !== undefined) opened.exec(`pragma hard_heap_limit = ${heapBytes}`);
  return opened;
}

/** Ends changes that would let the file grow past what the configuration gives it. SQLite keeps the limit per connection. */
function limitGrowth(database: DatabaseSync, { writable, maxFileBytes }: SqliteTarget): void {
  if (!writable) return;
  const { page_size: pageBytes } = database.prepare('pragma page_size').get() as { page_size: number }; // its one column
  database.exec(`pragma max_page_count = ${Math.max(1, Math.floor(maxFileBytes / pageBytes))}`);
}
