import { constants } from 'node:sqlite';
import { isAlteringFunction, isFullTextFunction, isServedFunction } from './sqlite-functions.ts';
import { shadowsOf, type VirtualTables } from './sqlite-schema.ts';
import { foldName } from './sqlite-text.ts';

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
  collect<Result>(
    virtual: VirtualTables,
    prepare: () => Result,
  ): {
    readonly report: AuthorizerReport;
    readonly result: Result | { readonly thrown: unknown };
  };
  /**
   * Runs an approved statement. SQLite prepares it again where the schema has changed, and some statements start others:
   * whatever was not approved is denied. Full-text tables start statements of their own, on the tables in which they keep
   * their things: for them alone `searched` opens those.
   */
  guard<Result>(approved: ReadonlySet<string>, run: () => Result, searched?: ReadonlySet<string>): Result;
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
  let collection = createCollection(NO_VIRTUAL_TABLES);
  let allowed: ReadonlySet<string> = new Set();
  let insides: Insides | undefined;
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
          if (insides?.(code, first ?? '', second ?? '', database ?? '') === true) return SQLITE_OK;
          stray = true;
          return SQLITE_DENY;
        case 'none':
          return SQLITE_DENY;
      }
    },
    collect<Result>(virtual: VirtualTables, prepare: () => Result) {
      collection = createCollection(virtual);
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
    guard<Result>(approved: ReadonlySet<string>, run: () => Result, searched?: ReadonlySet<string>): Result {
      allowed = approved;
      insides = searched === undefined || searched.size === 0 ? undefined : insidesOf(searched);
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

type Insides = (code: number, first: string, second: string, database: string) => boolean;

/** What FTS5 itself does to answer: in its own tables, and to sort by rank. */
function insidesOf(searched: ReadonlySet<string>): Insides {
  const shadows = new Set([...searched].flatMap(shadowsOf));
  return (code, first, second, database) => {
    if (code === constants.SQLITE_SELECT) return true;
    if (code === constants.SQLITE_FUNCTION) return isFullTextFunction(second);
    if (code === constants.SQLITE_PRAGMA) return first === 'data_version';
    if (database !== 'main' || !IN_TABLES.has(code)) return false;
    if (shadows.has(foldName(first))) return true;
    return code === constants.SQLITE_READ && searched.has(foldName(first)) && /^(?:rowid|rank)$/i.test(second);
  };
}

const IN_TABLES: ReadonlySet<number> = new Set([
  constants.SQLITE_READ,
  constants.SQLITE_INSERT,
  constants.SQLITE_UPDATE,
  constants.SQLITE_DELETE,
]);
const NO_VIRTUAL_TABLES: VirtualTables = { fullText: new Set(), closed: new Set() };

/** Gathers the events of one statement and finds what is never served. */
function createCollection(virtual: VirtualTables) {
  const events: AuthorizerEvent[] = [];
  const approved = new Set<string>();
  let unserved = false;
  let recursive = false;
  let alters = false;
  let indexes = false;

  function verdict(code: number, first: string, second: string, database: string): number {
    if (code === constants.SQLITE_ALTER_TABLE) {
      alters = true; // its database is the first name; what stands for one is the column to drop
      const table = foldName(second);
      return first === 'main' && !virtual.fullText.has(table) && !virtual.closed.has(table) ? SQLITE_OK : SQLITE_DENY;
    }
    // ALTER TABLE looks for uses in the temporary schema, which is always empty here.
    if (database !== '' && database !== 'main' && !(alters && database === 'temp')) return SQLITE_DENY;
    if (IN_TABLES.has(code) && virtual.closed.has(foldName(first))) return SQLITE_DENY;
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
        if (isServedFunction(second) || (alters && isAlteringFunction(second))) return SQLITE_OK;
        return virtual.fullText.size > 0 && isFullTextFunction(second) ? SQLITE_OK : SQLITE_IGNORE;
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
