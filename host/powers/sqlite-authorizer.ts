import { constants } from 'node:sqlite';
import { isAlteringFunction, isServedFunction } from './sqlite-functions.ts';

/** One call of SQLite's authorizer: what a statement is about to do. `first` and `second` depend on the code. */
export interface AuthorizerEvent {
  readonly code: number;
  readonly first: string;
  readonly second: string;
  /** False for what a trigger or a view does. */
  readonly direct: boolean;
}

/** What SQLite reported while it prepared one statement. */
export interface AuthorizerReport {
  readonly events: readonly AuthorizerEvent[];
  /** The same events as a set, for `guard`. */
  readonly approved: ReadonlySet<string>;
  /** True if something in it is never served: it must not run. */
  readonly unserved: boolean;
  readonly recursive: boolean;
}

/** The callback of one connection, and what it is for at the moment. Outside `collect`, `guard` and `own`, it denies. */
export interface Authorizer {
  readonly callback: (
    code: number,
    first: string | null,
    second: string | null,
    database: string | null,
    inner: string | null,
  ) => number;
  /** Prepares a statement and reports it. What SQLite throws is kept beside the report. */
  collect<Result>(prepare: () => Result): {
    readonly report: AuthorizerReport;
    readonly result: Result | { readonly thrown: unknown };
  };
  /**
   * Runs an approved statement. SQLite prepares it again where the schema has changed, and some statements start others:
   * whatever was not approved is denied.
   */
  guard<Result>(approved: ReadonlySet<string>, run: () => Result): Result;
  /** True if the last `guard` had to deny something. */
  strayed(): boolean;
  /** Runs a statement of the host's own. */
  own<Result>(run: () => Result): Result;
}

const { SQLITE_OK, SQLITE_DENY, SQLITE_IGNORE } = constants;

/** Read-only questions about the schema. */
const SERVED_PRAGMAS: ReadonlySet<string> = new Set([
  'table_info',
  'table_xinfo',
  'table_list',
  'index_list',
  'index_info',
  'index_xinfo',
  'foreign_key_list',
]);
/** Tables of the build that show the file below the tables. */
const UNSERVED_TABLES: ReadonlySet<string> = new Set([
  'dbstat',
  'sqlite_dbpage',
  'sqlite_stmt',
  'sqlite_temp_master',
  'sqlite_temp_schema',
]);

const PRAGMA_TABLE = 'pragma_';

/** Whether a table is a table-valued pragma that may be read. */
export const isServedPragmaTable = (table: string): boolean =>
  table.startsWith(PRAGMA_TABLE) && SERVED_PRAGMAS.has(table.slice(PRAGMA_TABLE.length));

/** SQLite's own folding of names: ASCII letters only, so that two tables never become one. */
export const foldName = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** Codes that may stand in a statement whatever else does; what they touch is for policy. */
const OPEN: ReadonlySet<number> = new Set([
  constants.SQLITE_SELECT,
  constants.SQLITE_INSERT,
  constants.SQLITE_UPDATE,
  constants.SQLITE_DELETE,
  constants.SQLITE_CREATE_TABLE,
  constants.SQLITE_CREATE_INDEX,
  constants.SQLITE_CREATE_VIEW,
  constants.SQLITE_CREATE_TRIGGER,
  constants.SQLITE_DROP_TABLE,
  constants.SQLITE_DROP_INDEX,
  constants.SQLITE_DROP_VIEW,
  constants.SQLITE_DROP_TRIGGER,
]);

/** Makes the authorizer of one connection. */
export function createAuthorizer(): Authorizer {
  let purpose: 'collect' | 'guard' | 'own' | 'none' = 'none';
  let collection = createCollection();
  let allowed: ReadonlySet<string> = new Set();
  let stray = false;

  function during<Result>(next: typeof purpose, run: () => Result): Result {
    const before = purpose;
    purpose = next;
    try {
      return run();
    } finally {
      purpose = before;
    }
  }

  return Object.freeze({
    callback(
      code: number,
      first: string | null,
      second: string | null,
      database: string | null,
      inner: string | null,
    ): number {
      switch (purpose) {
        case 'own':
          return SQLITE_OK;
        case 'collect':
          return collection.take(code, first ?? '', second ?? '', database ?? '', inner === null);
        case 'guard':
          if (allowed.has(keyOf(code, first ?? '', second ?? '', database ?? ''))) return SQLITE_OK;
          if (code === constants.SQLITE_PRAGMA && allowed.has(pragmaKey(first ?? ''))) return SQLITE_OK;
          stray = true;
          return SQLITE_DENY;
        case 'none':
          return SQLITE_DENY;
      }
    },
    collect<Result>(prepare: () => Result) {
      collection = createCollection();
      return during('collect', () => {
        let result: Result | { readonly thrown: unknown };
        try {
          result = prepare();
        } catch (thrown) {
          result = { thrown };
        }
        return { report: collection.report(), result };
      });
    },
    guard<Result>(approved: ReadonlySet<string>, run: () => Result): Result {
      allowed = approved;
      stray = false;
      return during('guard', run);
    },
    strayed: () => stray,
    own: <Result>(run: () => Result) => during('own', run),
  });
}

const keyOf = (code: number, first: string, second: string, database: string): string =>
  `${code}\0${first}\0${second}\0${database}`;
const pragmaKey = (name: string): string => `pragma\0${name}`;

/** Gathers the events of one statement and finds what is never served. */
function createCollection() {
  const events: AuthorizerEvent[] = [];
  const approved = new Set<string>();
  let unserved = false;
  let recursive = false;
  let alters = false;
  let indexes = false;

  function verdict(code: number, first: string, second: string, database: string): number {
    if (code === constants.SQLITE_ALTER_TABLE) {
      alters = true; // its database is the first name; what stands for one is the column to drop
      return first === 'main' ? SQLITE_OK : SQLITE_DENY;
    }
    // ALTER TABLE looks for uses in the temporary schema, which is always empty here.
    if (database !== '' && database !== 'main' && !(alters && database === 'temp')) return SQLITE_DENY;
    switch (code) {
      case constants.SQLITE_CREATE_INDEX:
        indexes = true;
        return SQLITE_OK;
      case constants.SQLITE_REINDEX:
        return indexes ? SQLITE_OK : SQLITE_DENY;
      case constants.SQLITE_RECURSIVE:
        recursive = true;
        return SQLITE_OK;
      case constants.SQLITE_FUNCTION:
        // IGNORE and not DENY: the statement is compiled to its end, so that all it would touch is known.
        return isServedFunction(second) || (alters && isAlteringFunction(second)) ? SQLITE_OK : SQLITE_IGNORE;
      case constants.SQLITE_PRAGMA:
        return SERVED_PRAGMAS.has(foldName(first)) ? SQLITE_OK : SQLITE_DENY;
      case constants.SQLITE_READ: {
        const table = foldName(first);
        if (isServedPragmaTable(table)) {
          approved.add(pragmaKey(table.slice(PRAGMA_TABLE.length)));
          return SQLITE_OK;
        }
        if (table.startsWith(PRAGMA_TABLE) || (UNSERVED_TABLES.has(table) && !alters)) return SQLITE_DENY;
        return SQLITE_OK;
      }
      default:
        return OPEN.has(code) ? SQLITE_OK : SQLITE_DENY;
    }
  }

  return {
    take(code: number, first: string, second: string, database: string, direct: boolean): number {
      const answer = verdict(code, first, second, database);
      if (answer === SQLITE_OK) approved.add(keyOf(code, first, second, database));
      else unserved = true;
      events.push({ code, first, second, direct });
      return answer;
    },
    report: (): AuthorizerReport => ({ events, approved, unserved, recursive }),
  };
}
