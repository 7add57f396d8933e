import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { getBuiltinModule } from 'node:process';
import type { DatabaseSync } from 'node:sqlite';
import type { StoredTime } from '../budget/budget-time.ts';
import type { CounterFile, CounterRows, Held, Owner } from '../budget/counter-file.ts';
import type { CounterLook } from '../budget/counter-reading.ts';
import type { Window } from '../budget/window.ts';

/** How the file is made. Another version is refused: counters that are read wrongly are none. */
const VERSION = 1;
const TABLES = `
  CREATE TABLE windows (key TEXT PRIMARY KEY, entries TEXT NOT NULL, ends REAL NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX windows_by_end ON windows (ends);
  CREATE TABLE slots (id INTEGER PRIMARY KEY, key TEXT NOT NULL, run TEXT NOT NULL, owner TEXT NOT NULL) STRICT;
  CREATE INDEX slots_by_key ON slots (key);
  CREATE INDEX slots_by_run ON slots (run);
  CREATE TABLE time (one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT NOT NULL) STRICT;
  PRAGMA user_version = ${VERSION};
`;
/** How long a transaction of another process or thread is waited for. */
const WAIT_MS = 5_000;
/** 256 MiB in pages of 4 KiB. More counters than fit into it at the same time are refused. */
const MOST_PAGES = 65_536;

/**
 * Opens the counters in a directory, which is made where it is not there. SQLite keeps them: what was taken is there after
 * the end of every process; after a loss of power the last of it may not be. Throws where they cannot be read or written.
 */
export function openCounterFile(directory: string): CounterFile {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = pathIn(directory);
  // Only now: few runs have budgets, and every cell would wait for it.
  const { DatabaseSync: Database } = getBuiltinModule('node:sqlite');
  // SQLite does not wait for a lock while a file becomes one with a write-ahead log: many may open a new one at once.
  for (const startMs = Date.now(); ; Atomics.wait(PAUSE, 0, 0, 5 + Math.random() * 20)) {
    const database = new Database(path, { timeout: WAIT_MS });
    try {
      return openTables(database, path);
    } catch (error) {
      database.close();
      if (!isBusy(error) || Date.now() - startMs > WAIT_MS) throw error;
    }
  }
}

const pathIn = (directory: string): string => join(directory, 'budgets.sqlite');

/** Looks at the counters in a directory, and changes nothing. The file is opened for each look. */
export function lookAtCounters(directory: string): CounterLook {
  const path = pathIn(directory);
  return Object.freeze({
    read<Value>(act: (rows: CounterRows) => Value): Value | undefined {
      if (!existsSync(path)) return undefined;
      const { DatabaseSync: Database } = getBuiltinModule('node:sqlite');
      const database = new Database(path, { readOnly: true, timeout: WAIT_MS });
      try {
        const version = versionOf(database);
        if (version === 0) return undefined; // somebody is making it
        if (version !== VERSION) throw otherVersion(version);
        database.exec('BEGIN'); // all of one moment
        return act(rowsOf(database));
      } finally {
        database.close();
      }
    },
  });
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4));
/** The primary code of SQLITE_BUSY and all its extended ones: another is at it. */
const BUSY = 5;
const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 0xff) === BUSY;

function openTables(database: DatabaseSync, path: string): CounterFile {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  database.exec(`PRAGMA max_page_count = ${MOST_PAGES}; PRAGMA trusted_schema = OFF`);
  makeTables(database);
  chmodSync(path, 0o600);
  return createFile(database, createWatch(path));
}

function makeTables(database: DatabaseSync): void {
  if (versionOf(database) === VERSION) return;
  inTransaction(database, () => {
    const found = versionOf(database); // another process may have been faster
    if (found === VERSION) return;
    if (found !== 0) throw otherVersion(found);
    database.exec(TABLES);
  });
}

const versionOf = (database: DatabaseSync): unknown => database.prepare('PRAGMA user_version').get()?.['user_version'];
const otherVersion = (found: unknown): Error =>
  new Error(`the counters of budgets are of version ${String(found)}, not ${VERSION}`);

function inTransaction<Value>(database: DatabaseSync, act: () => Value): Value {
  database.exec('BEGIN IMMEDIATE');
  try {
    const value = act();
    database.exec('COMMIT');
    return value;
  } catch (error) {
    // Where SQLite has undone it by itself, as it does when the disk is full, there is nothing to undo.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Throws where the file is no longer the one that was opened: counters that are gone would be forgotten, or kept twice. */
function createWatch(path: string): () => void {
  const identity = (): string => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? '' : `${found.dev} ${found.ino}`;
  };
  const opened = identity();
  return () => {
    if (identity() !== opened)
      throw new Error('the counters of budgets were removed or exchanged while they were used');
  };
}

function createFile(database: DatabaseSync, watch: () => void): CounterFile {
  const rows = rowsOf(database);
  return Object.freeze({
    change<Value>(act: (rows: CounterRows) => Value): Value {
      watch();
      return inTransaction(database, () => act(rows));
    },
    close: () => database.close(),
  });
}

function rowsOf(database: DatabaseSync): CounterRows {
  const statements = {
    time: database.prepare('SELECT value FROM time'),
    setTime: database.prepare('INSERT OR REPLACE INTO time (one, value) VALUES (1, ?)'),
    window: database.prepare('SELECT entries FROM windows WHERE key = ?'),
    setWindow: database.prepare('INSERT OR REPLACE INTO windows (key, entries, ends) VALUES (?, ?, ?)'),
    dropWindow: database.prepare('DELETE FROM windows WHERE key = ?'),
    dropEnded: database.prepare(
      'DELETE FROM windows WHERE key IN (SELECT key FROM windows WHERE ends <= ? ORDER BY ends LIMIT ?)',
    ),
    held: database.prepare('SELECT id, owner FROM slots WHERE key = ?'),
    hold: database.prepare('INSERT INTO slots (key, run, owner) VALUES (?, ?, ?)'),
    release: database.prepare('DELETE FROM slots WHERE id = ?'),
    releaseRun: database.prepare('DELETE FROM slots WHERE run = ?'),
  };
  return Object.freeze({
    time: () => readTime(statements.time.get()?.['value']),
    setTime: (time: StoredTime) => void statements.setTime.run(JSON.stringify(time)),
    window: (key: string) => readWindow(statements.window.get(key)?.['entries']),
    setWindow(key: string, window: Window, endsMs: number): void {
      if (window.length === 0) statements.dropWindow.run(key);
      else statements.setWindow.run(key, JSON.stringify(window.map(({ until, amount }) => [until, amount])), endsMs);
    },
    dropEnded: (nowMs: number, most: number) => void statements.dropEnded.run(nowMs, most),
    held: (key: string) =>
      statements.held.all(key).map(({ id, owner }): Held => ({ id: number(id), owner: readOwner(owner) })),
    hold: (key: string, run: string, { pid, started, space }: Owner) =>
      number(statements.hold.run(key, run, JSON.stringify([pid, started, space])).lastInsertRowid),
    release: (id: number) => void statements.release.run(id),
    releaseRun: (run: string) => void statements.releaseRun.run(run),
  });
}

const damaged = (): never => {
  throw new Error('the counters of budgets are damaged');
};

const number = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : damaged();
const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

function readWindow(text: unknown): Window {
  if (text === undefined) return [];
  const entries: unknown = typeof text === 'string' ? JSON.parse(text) : damaged();
  if (!Array.isArray(entries)) return damaged();
  return entries.map((entry: unknown) => {
    const [until, amount] = Array.isArray(entry) ? (entry as unknown[]) : damaged();
    return isTime(until) && number(amount) >= 0 ? { until, amount: number(amount) } : damaged();
  });
}

function readTime(text: unknown): StoredTime | undefined {
  if (text === undefined) return undefined;
  const time = (typeof text === 'string' ? JSON.parse(text) : damaged()) as Partial<StoredTime> | null; // checked below
  const { budgetMs, wallMs, boots } = time ?? damaged();
  if (!isTime(budgetMs) || !isTime(wallMs) || !Array.isArray(boots)) return damaged();
  const whole = boots.every(
    (boot: Partial<StoredTime['boots'][number]> | null) =>
      typeof boot?.boot === 'string' && isTime(boot.base) && isTime(boot.asleep),
  );
  return whole ? { budgetMs, wallMs, boots } : damaged();
}

function readOwner(text: unknown): Owner {
  const owner: unknown = typeof text === 'string' ? JSON.parse(text) : damaged();
  const [pid, started, space] = Array.isArray(owner) ? (owner as unknown[]) : damaged();
  return typeof started === 'string' && typeof space === 'string' ? { pid: number(pid), started, space } : damaged();
}
