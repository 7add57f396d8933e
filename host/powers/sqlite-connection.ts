import { constants, DatabaseSync, type StatementSync } from 'node:sqlite';
import type {
  Answer,
  Call,
  DatabaseTarget,
  EngineFailure,
  Preparation,
  PreparedStatement,
  SqlValue,
  StatementFacts,
  Touch,
} from '../gates/db/engine.ts';
import { createAuthorizer, type Authorizer, type AuthorizerReport } from './sqlite-authorizer.ts';
import { failureOf, problemOf } from './sqlite-errors.ts';
import { touchesOf, type SchemaLookup } from './sqlite-facts.ts';
import { bind, parameterNames, parametersFit, type ParameterNames } from './sqlite-parameters.ts';

/** What a connection is opened with besides the database. */
export interface ConnectionOptions {
  readonly target: DatabaseTarget;
  /** How long a statement waits for another writer. It blocks the thread. */
  readonly busyMs: number;
  /** The most memory that SQLite may take in this process; every connection of the process shares it. */
  readonly heapBytes?: number;
  /** Milliseconds from an arbitrary start; never goes back. */
  readonly now: () => number;
}

/** One SQLite connection. Everything is synchronous: whoever calls it waits. */
export interface SqliteConnection {
  /** Numbers come from the caller, so that a number never means two statements, whatever restarts. */
  prepare(sql: string, handle: number): Preparation;
  run(handle: number, call: Call): Answer;
  /** Statements from here on take effect together. */
  begin(): void;
  /** False also where SQLite itself has ended the transaction. */
  inTransaction(): boolean;
  commit(): EngineFailure | undefined;
  rollback(): void;
  close(): void;
}

/** Statements kept ready by one connection. */
const KEPT = 256;
const SQL_BYTES = 64 * 1024;

interface Kept {
  readonly statement: StatementSync;
  readonly names: ParameterNames;
  readonly report: AuthorizerReport;
  readonly facts: StatementFacts;
}

/** Opens a database. Throws what SQLite throws. */
export function openConnection(options: ConnectionOptions): SqliteConnection {
  const { target, now } = options;
  const database = openFenced(options);
  const authorizer = createAuthorizer();
  database.setAuthorizer(authorizer.callback);
  const schema = createSchemaLookup(database, authorizer);
  const kept = new Map<number, Kept>();
  /** True in a transaction that was asked for, and not one that SQLite makes of a single statement. */
  let explicit = false;

  function keep(handle: number, entry: Kept): void {
    kept.set(handle, entry);
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
  }

  function collect(sql: string): { report: AuthorizerReport; statement: StatementSync | undefined; thrown: unknown } {
    const { report, result } = authorizer.collect(() =>
      database.prepare(sql, { readBigInts: true, returnArrays: true }),
    );
    return 'thrown' in result
      ? { report, statement: undefined, thrown: result.thrown }
      : { report, statement: result, thrown: undefined };
  }

  function prepare(sql: string, handle: number): Preparation {
    const { report, statement, thrown } = collect(sql);
    const touches = touchesOf(sql, report.events, schema);
    if (statement === undefined) {
      const why = problemOf(thrown);
      return isFailure(why) ? { status: 'failed', failure: why } : { status: 'refused', problem: why, touches };
    }
    if (!isWhole(sql, statement.sourceSQL)) return { status: 'refused', problem: 'not-one', touches };
    const unserved =
      report.unserved || (report.recursive && !target.recursive) || (report.events.length === 0 && !isInert(sql));
    if (unserved) return { status: 'refused', problem: 'unserved', touches };
    const names = parameterNames(sql);
    if (!parametersFit(statement, names)) return { status: 'refused', problem: 'unserved', touches };
    const facts = factsOf(sql, statement, touches, names.length, report);
    keep(handle, { statement, names, report, facts });
    return { status: 'prepared', statement: { handle, sql, facts } satisfies PreparedStatement };
  }

  function run(handle: number, call: Call): Answer {
    const entry = kept.get(handle);
    if (entry === undefined) return failed('stale');
    if (call.parameters.length !== entry.facts.parameters) return failed('parameters');
    try {
      const binding = bind(entry.names, call.parameters) as SqlValue[]; // the overloads split what `Binding` joins
      return authorizer.guard(entry.report.approved, () =>
        call.mode === 'query' ? query(entry, binding, call) : changesOf(entry.statement, binding, entry.facts),
      );
    } catch (thrown) {
      if (!explicit && database.isTransaction) own('rollback');
      if (!authorizer.strayed()) return failed(failureOf(thrown));
      kept.delete(handle);
      return failed('stale');
    }
  }

  /** A change that returns rows is undone where its rows cannot be handed over. */
  function query(entry: Kept, binding: SqlValue[], call: Call): Answer {
    const read = (): Answer => rowsOf(entry.statement, binding, call, now() + call.timeoutMs, now);
    if (entry.facts.touches.every(({ verb }) => verb === 'select')) return read();
    own('savepoint answer');
    let answer: Answer = failed('internal');
    try {
      answer = read();
      return answer;
    } finally {
      if (database.isTransaction)
        own(answer.status === 'failed' ? 'rollback to answer; release answer' : 'release answer');
    }
  }

  const own = (sql: string): void => authorizer.own(() => database.exec(sql));
  return Object.freeze({
    prepare,
    run,
    begin(): void {
      if (!database.isTransaction) own('begin deferred');
      explicit = true;
    },
    inTransaction: () => database.isTransaction,
    commit(): EngineFailure | undefined {
      if (!database.isTransaction) return 'transaction-over';
      try {
        own('commit');
        explicit = false;
        return undefined;
      } catch (thrown) {
        return failureOf(thrown);
      }
    },
    rollback(): void {
      explicit = false;
      if (database.isTransaction) own('rollback');
    },
    close(): void {
      kept.clear();
      if (database.isOpen) database.close();
    },
  });

  /** Opens the file with everything closed that no statement needs. */
  function openFenced({ busyMs, heapBytes }: ConnectionOptions): DatabaseSync {
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
    if (heapBytes !== undefined) opened.exec(`pragma hard_heap_limit = ${heapBytes}`);
    return opened;
  }
}

const failed = (failure: EngineFailure): Answer => ({ status: 'failed', failure });

const FAILURES: ReadonlySet<string> = new Set<EngineFailure>([
  'busy',
  'internal',
  'too-large',
  'read-only',
  'constraint',
  'stale',
  'value',
  'parameters',
]);
const isFailure = (why: ReturnType<typeof problemOf>): why is EngineFailure => FAILURES.has(why);

/** Blanks and comments, up to the end or the next token. No text matches in two ways, so no text takes long. */
const BLANKS = String.raw`(?:[\s]|--[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*(?:\*/|$))*`;
const BLANK = new RegExp(`^${BLANKS}$`);
const CREATES_OR_DROPS = new RegExp(`^${BLANKS}(?:create|drop)\\b`, 'i');
const EXPLAINS = new RegExp(`^${BLANKS}(?:;${BLANKS})*explain\\b`, 'i');

/** True if nothing but blanks and comments stands behind the one statement: SQLite drops a tail without a word. */
const isWhole = (sql: string, source: string): boolean =>
  sql.startsWith(source) && BLANK.test(sql.slice(source.length));

/** `drop ... if exists` and `create ... if not exists` with nothing to do report nothing; so does `vacuum`. */
const isInert = (sql: string): boolean => CREATES_OR_DROPS.test(sql);

function factsOf(
  sql: string,
  statement: StatementSync,
  touches: readonly Touch[],
  parameters: number,
  report: AuthorizerReport,
): StatementFacts {
  const columns = statement.columns().map(({ name }) => name);
  const alone: Touch = { verb: columns.length > 0 ? 'select' : 'schema', table: undefined, columns: [] };
  const [first = alone, ...rest] = touches;
  const explains = EXPLAINS.test(sql);
  const inserts = report.events.some(({ code, direct }) => code === constants.SQLITE_INSERT && direct);
  return { touches: [first, ...rest], columns, parameters, inserts, explains, recursive: report.recursive };
}

function rowsOf(
  statement: StatementSync,
  binding: SqlValue[],
  call: Call,
  deadline: number,
  now: () => number,
): Answer {
  const rows: SqlValue[][] = [];
  let bytes = 0;
  for (const row of statement.iterate(...binding)) {
    if (rows.length >= call.maxRows) return { status: 'rows', rows, truncated: true, bytes };
    const values = row as unknown as SqlValue[]; // `returnArrays` and `readBigInts` are set
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

function changesOf(statement: StatementSync, binding: SqlValue[], facts: StatementFacts): Answer {
  const { changes, lastInsertRowid } = statement.run(...binding);
  // SQLite keeps the numbers of the last statement that changed rows, so they mean nothing after any other.
  const rows = facts.touches[0].verb === 'schema' ? 0n : BigInt(changes);
  const lastRowId = facts.inserts && rows > 0n ? BigInt(lastInsertRowid) : undefined;
  return { status: 'changes', rows, lastRowId };
}

/** Answers questions about the schema by statements of the host's own. */
function createSchemaLookup(database: DatabaseSync, authorizer: Authorizer): SchemaLookup {
  const ask = (sql: string, table: string): string[] =>
    authorizer.own(
      () =>
        database
          .prepare(sql, { returnArrays: true })
          .all(table)
          .map((row) => (row as unknown as [string])[0]), // `returnArrays` is set, and each query asks for one text
    );
  return {
    columns: (table) => ask('select name from pragma_table_xinfo(?)', table),
    primaryKey: (table) => ask('select name from pragma_table_xinfo(?) where pk > 0', table),
    definitions: (table) =>
      ask('select sql from sqlite_schema where tbl_name = ? collate nocase and sql is not null', table),
  };
}
