import type { DatabaseSync } from 'node:sqlite';
import { foldName } from './sqlite-text.ts';

/** The virtual tables of a database, by folded name. */
export interface VirtualTables {
  /** Those of FTS5: they are served. */
  readonly fullText: ReadonlySet<string>;
  /** Of any other module, and the tables in which a module keeps its things: nobody may name them. */
  readonly closed: ReadonlySet<string>;
}

/** Lets statements of the host's own pass the authorizer. */
export interface OwnStatements {
  own<Result>(run: () => Result): Result;
}

/** What is asked of the schema. */
export interface SchemaLookup {
  /** All columns of a table or view. */
  columns(table: string): readonly string[];
  /** The columns of its primary key. */
  primaryKey(table: string): readonly string[];
  /** The texts that define the table, its indexes and its triggers. */
  definitions(table: string): readonly string[];
  /** Whether there is a table of this name. */
  exists(table: string): boolean;
  /** Also brings what SQLite remembers of the schema up to date: preparing a statement does not. */
  virtualTables(): VirtualTables;
}

/** What FTS5, FTS3, FTS4 and the R-tree call the tables in which they keep their things: the table's name and one of these. */
const SHADOWS = [
  'data',
  'idx',
  'content',
  'docsize',
  'config',
  'segments',
  'segdir',
  'stat',
  'node',
  'parent',
  'rowid',
];
const FULL_TEXT = /\busing\s+fts5\b/i;
const VIRTUAL = "select name, sql from sqlite_schema where type = 'table' and rootpage = 0";

/** The tables in which a virtual table keeps its things. */
export const shadowsOf = (table: string): readonly string[] => SHADOWS.map((part) => `${table}_${part}`);

/** Answers questions about the schema by statements of the host's own. */
export function createSchemaLookup(database: DatabaseSync, authorizer: OwnStatements): SchemaLookup {
  const ask = (sql: string, ...values: string[]): unknown[][] =>
    authorizer.own(() => database.prepare(sql, { returnArrays: true }).all(...values) as unknown as unknown[][]); // arrays
  const texts = (sql: string, table: string): string[] => ask(sql, table).map(([text]) => String(text));

  /** A module looks into its tables when its table is used first: now, so that it is not taken for the statement's doing. */
  function connect(table: string): void {
    const quoted = `"${table.replaceAll('"', '""')}"`;
    authorizer.own(() => database.prepare(`select 1 from ${quoted} limit 0`));
  }

  return Object.freeze({
    columns: (table: string) => texts('select name from pragma_table_xinfo(?)', table),
    primaryKey: (table: string) => texts('select name from pragma_table_xinfo(?) where pk > 0', table),
    definitions: (table: string) =>
      texts('select sql from sqlite_schema where tbl_name = ? collate nocase and sql is not null', table),
    exists: (table: string) => texts('select name from sqlite_schema where name = ? collate nocase', table).length > 0,
    virtualTables(): VirtualTables {
      const found = ask(VIRTUAL).map(([name, sql]) => ({ name: String(name), fullText: FULL_TEXT.test(String(sql)) }));
      const fullText = found.filter((table) => table.fullText).map(({ name }) => name);
      fullText.forEach(connect);
      const others = found.filter((table) => !table.fullText).map(({ name }) => name);
      const shadows = found.flatMap(({ name }) => shadowsOf(name));
      return {
        fullText: new Set(fullText.map(foldName)),
        closed: new Set([...others, ...shadows].map(foldName)),
      };
    },
  });
}
