import { constants } from 'node:sqlite';
import type { Touch, Verb } from '../gates/db/engine.ts';
import { isServedPragmaTable, type AuthorizerEvent } from './sqlite-authorizer.ts';
import type { SchemaLookup, VirtualTables } from './sqlite-schema.ts';
import { foldName, renamedTo } from './sqlite-text.ts';

/** Stands for the existence of a row where no column is read (`count(*)`, `select 1 from t`), and for `rowid` itself. */
const ROWID = 'rowid';
export const SCHEMA_TABLE = 'sqlite_schema';

const SCHEMA_CODES: ReadonlySet<number> = new Set([
  constants.SQLITE_CREATE_TABLE,
  constants.SQLITE_CREATE_VIEW,
  constants.SQLITE_CREATE_INDEX,
  constants.SQLITE_CREATE_TRIGGER,
  constants.SQLITE_DROP_TABLE,
  constants.SQLITE_DROP_VIEW,
  constants.SQLITE_DROP_INDEX,
  constants.SQLITE_DROP_TRIGGER,
  constants.SQLITE_ALTER_TABLE,
]);
/** For these the table is the second name: the first is the index or trigger, or the database. */
const TABLE_SECOND: ReadonlySet<number> = new Set([
  constants.SQLITE_CREATE_INDEX,
  constants.SQLITE_CREATE_TRIGGER,
  constants.SQLITE_DROP_INDEX,
  constants.SQLITE_DROP_TRIGGER,
  constants.SQLITE_ALTER_TABLE,
]);
/** Statements in which nobody can write a query, so that what they read of the schema is the engine's own business. */
const WITHOUT_QUERY: ReadonlySet<number> = new Set([
  constants.SQLITE_DROP_TABLE,
  constants.SQLITE_DROP_VIEW,
  constants.SQLITE_DROP_INDEX,
  constants.SQLITE_DROP_TRIGGER,
  constants.SQLITE_ALTER_TABLE,
]);

/**
 * `REPLACE` as a conflict clause. SQLite does not report the rows that it deletes, so the word is looked for: wherever it
 * stands and is not a call of the function. It may be found where it means nothing (in a string): then more is asked for
 * than needed, never less.
 */
const REPLACES = /\breplace\b(?!\s*\()/i;

/** What a statement touches, from the authorizer's events. */
export function touchesOf(
  sql: string,
  events: readonly AuthorizerEvent[],
  schema: SchemaLookup,
  virtual: VirtualTables,
): Touch[] {
  const found = new Map<string, { verb: Verb; table: string; columns: Set<string> }>();
  const changesSchema = events.some(({ code }) => SCHEMA_CODES.has(code));
  const withoutQuery = events.some(({ code }) => WITHOUT_QUERY.has(code));

  function touch(verb: Verb, name: string, columns: Iterable<string>): void {
    const table = foldName(name);
    const key = `${table}\0${verb}`;
    const known = found.get(key) ?? { verb, table, columns: new Set<string>() };
    for (const column of columns) known.columns.add(foldName(column));
    found.set(key, known);
  }

  function read(name: string, column: string): void {
    const table = foldName(name);
    if (table === 'sqlite_temp_master') return; // only ALTER TABLE gets here, and it is always empty
    const enginesOwn = table === 'sqlite_master' && changesSchema && (withoutQuery || column === 'ROWID');
    if (enginesOwn) return;
    if (isServedPragmaTable(table)) touch('select', SCHEMA_TABLE, ['sql']);
    // A search looks into every column, and not each way of searching (`from docs('word')`) is reported.
    else if (virtual.fullText.has(table)) touch('select', table, schema.columns(table));
    else touch('select', table === 'sqlite_master' ? SCHEMA_TABLE : table, [column === '' ? ROWID : column]);
  }

  function write(verb: 'insert' | 'update' | 'delete', name: string, column: string): void {
    if (/^sqlite_(temp_)?master$/.test(foldName(name))) return; // part of a schema change; SQLite refuses it elsewhere
    const commands = verb === 'insert' && virtual.fullText.has(foldName(name)); // `delete-all` is an insert to FTS5
    for (const also of commands ? (['update', 'delete'] as const) : []) touch(also, name, schema.columns(name));
    if (verb !== 'update') touch(verb, name, schema.columns(name));
    else touch(verb, name, column === 'ROWID' ? [ROWID, ...schema.primaryKey(name)] : [column]);
  }

  /** Renaming moves data under other rules: it takes what it would take to read it all and to write it again. */
  function rename(table: string): void {
    const all = schema.columns(table);
    if (calls(events, (name) => name === 'sqlite_rename_column')) {
      touch('select', table, all);
      touch('update', table, all);
    }
    if (!renamesTable(events)) return;
    touch('select', table, all);
    touch('delete', table, all);
    const next = renamedTo(sql) ?? table;
    touch('schema', next, []);
    touch('insert', next, all);
  }

  for (const { code, first, second } of events) {
    if (code === constants.SQLITE_READ) read(first, second);
    else if (code === constants.SQLITE_INSERT) write('insert', first, second);
    else if (code === constants.SQLITE_UPDATE) write('update', first, second);
    else if (code === constants.SQLITE_DELETE) write('delete', first, second);
    else if (code === constants.SQLITE_PRAGMA) touch('select', SCHEMA_TABLE, ['sql']);
    else if (SCHEMA_CODES.has(code)) touch('schema', TABLE_SECOND.has(code) ? second : first, []);
  }
  for (const { code, second } of events) if (code === constants.SQLITE_ALTER_TABLE) rename(second);
  const written = [...found.values()].filter(({ verb }) => verb === 'insert' || verb === 'update');
  if (replaces(sql, written, schema)) for (const { table } of written) touch('delete', table, schema.columns(table));
  return [...found.values()]
    .map(({ verb, table, columns }) => ({ verb, table, columns: [...columns].sort() }))
    .sort((one, other) => RANK[one.verb] - RANK[other.verb]);
}

const calls = (events: readonly AuthorizerEvent[], isCalled: (name: string) => boolean): boolean =>
  events.some(({ code, second }) => code === constants.SQLITE_FUNCTION && isCalled(second));

/** Whether a statement gives a table another name. */
export const renamesTable = (events: readonly AuthorizerEvent[]): boolean =>
  calls(events, (name) => name === 'sqlite_rename_table');

/** The change that a statement is about comes first, then what follows from it, in the engine's order; reads are last. */
const RANK: Readonly<Record<Verb, number>> = { schema: 0, insert: 1, update: 1, delete: 1, select: 2 };

/** Whether rows may be replaced by the statement, by a trigger that it fires, or by the table's own constraints. */
function replaces(sql: string, written: readonly { readonly table: string }[], schema: SchemaLookup): boolean {
  if (written.length === 0) return false;
  return (
    REPLACES.test(sql) || written.some(({ table }) => schema.definitions(table).some((text) => REPLACES.test(text)))
  );
}
