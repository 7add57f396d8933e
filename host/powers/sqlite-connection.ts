import { constants, type StatementSync } from 'node:sqlite';
import type {
  Answer,
  Call,
  EngineFailure,
  Preparation,
  SqlValue,
  StatementFacts,
  StatementProblem,
  Touch,
} from '../gates/db/engine.ts';
import { changesOf, failed, rowsOf } from './sqlite-answer.ts';
import { createAuthorizer, type AuthorizerReport } from './sqlite-authorizer.ts';
import { failureOf, problemOf } from './sqlite-errors.ts';
import { renamesTable, SCHEMA_TABLE, touchesOf } from './sqlite-facts.ts';
import { openFenced, type FenceOptions } from './sqlite-fence.ts';
import { bind, parameterNames, parametersFit, type ParameterNames } from './sqlite-parameters.ts';
import { isShortProgram, type Step } from './sqlite-program.ts';
import { createSchemaLookup } from './sqlite-schema.ts';
import { explains, foldName, isInert, isWhole, renamedTo, vacuums } from './sqlite-text.ts';

/** What a connection is opened with. */
export interface ConnectionOptions extends FenceOptions {
  /** Milliseconds from an arbitrary start; never goes back. */
  readonly now: () => number;
}

/** One SQLite connection. Everything is synchronous: whoever calls it waits. */
export interface SqliteConnection {
  /** Numbers come from the caller, so that a number never means two statements, whatever restarts. */
  prepare(sql: string, handle: number): Preparation;
  /** Whether a prepared statement is proven to be short, as the schema is now. */
  isShort(sql: string): boolean;
  run(handle: number, call: Call): Answer;
  /**
   * Runs a short statement. Where the schema has changed since it was prepared it answers `stale`, whatever the change
   * was: the proof does not hold any more.
   */
  runShort(handle: number, call: Call): Answer;
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

interface Kept {
  readonly sql: string;
  readonly statement: StatementSync;
  readonly names: ParameterNames;
  readonly approved: ReadonlySet<string>;
  readonly facts: StatementFacts;
  /** The full-text tables that it names. */
  readonly searched: ReadonlySet<string>;
  /** The name that it gives to a table. */
  readonly renamed: string | undefined;
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

  const own = (sql: string): void => authorizer.own(() => database.exec(sql));

  function keep(handle: number, entry: Kept): void {
    kept.set(handle, entry);
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
  }

  function collect(sql: string) {
    const virtual = schema.virtualTables();
    const { report, result } = authorizer.collect(virtual, () =>
      database.prepare(sql, { readBigInts: true, returnArrays: true }),
    );
    const touches = touchesOf(sql, report.events, schema, virtual);
    const searched = new Set(touches.flatMap(({ table }) => (virtual.fullText.has(table ?? '') ? [table ?? ''] : [])));
    return { report, result, touches, searched };
  }

  function prepare(sql: string, handle: number): Preparation {
    const { report, result, touches, searched } = collect(sql);
    const refused = (problem: StatementProblem): Preparation => ({ status: 'refused', problem, touches });
    if ('thrown' in result) {
      const why = problemOf(result.thrown);
      if (isFailure(why)) return { status: 'failed', failure: why };
      return why === 'unresolved' ? { status: 'refused', problem: why, touches: CATALOGUE } : refused(why);
    }
    if (!isWhole(sql, result.sourceSQL)) return refused('not-one');
    const names = parameterNames(sql);
    const renamed = renamesTable(report.events) ? renamedTo(sql) : undefined;
    const unserved =
      report.unserved ||
      (report.recursive && !target.recursive) ||
      (report.events.length === 0 && !isInert(sql)) ||
      (renamesTable(report.events) && renamed === undefined) ||
      vacuums(sql) ||
      !parametersFit(result, names);
    if (unserved) return refused('unserved');
    const facts = factsOf(sql, result, touches, names.length, report);
    keep(handle, { sql, statement: result, names, approved: report.approved, facts, searched, renamed });
    return { status: 'prepared', statement: { handle, sql, facts } };
  }

  function isShort(sql: string): boolean {
    const steps = authorizer.own(() => database.prepare(`explain ${sql}`, { returnArrays: true }).all());
    // `returnArrays` is set: address, opcode, three operands, and what they do not hold.
    return isShortProgram((steps as unknown as ProgramRow[]).map(stepOf));
  }

  function run(handle: number, call: Call, isShort: boolean): Answer {
    const entry = kept.get(handle);
    if (entry === undefined) return failed('stale');
    if (call.parameters.length !== entry.facts.parameters) return failed('parameters');
    try {
      const binding = bind(entry.names, call.parameters) as SqlValue[]; // the overloads split what `Binding` joins
      if (isShort) return authorizer.guard(NOTHING, () => perform(entry, entry.statement, binding, call, true));
      if (entry.searched.size > 0) return search(entry, binding, call);
      if (entry.renamed !== undefined) return rename(entry, entry.renamed, binding, call);
      return authorizer.guard(entry.approved, () => perform(entry, entry.statement, binding, call, false));
    } catch (thrown) {
      if (!explicit && database.isTransaction) own('rollback');
      if (!authorizer.strayed()) return failed(failureOf(thrown));
      kept.delete(handle);
      return failed('stale');
    }
  }

  function perform(entry: Kept, statement: StatementSync, binding: SqlValue[], call: Call, isShort: boolean): Answer {
    const { facts } = entry;
    if (call.mode === 'execute') return changesOf(statement, binding, facts);
    // A short statement has few rows, and all at once they cost less.
    const read = (): Answer =>
      isShort
        ? rowsOf(statement.all(...binding), call, Infinity, now)
        : rowsOf(statement.iterate(...binding), call, now() + call.timeoutMs, now);
    // A change that returns rows is undone where its rows cannot be handed over.
    return facts.touches.every(({ verb }) => verb === 'select') ? read() : undoable('answer', read);
  }

  /** Does something that leaves nothing behind unless it succeeds. */
  function undoable(savepoint: 'answer' | 'whole', work: () => Answer): Answer {
    own(`savepoint ${savepoint}`);
    let answer: Answer = failed('internal');
    try {
      answer = work();
      return answer;
    } finally {
      if (database.isTransaction)
        own(answer.status === 'failed' ? `rollback to ${savepoint}; release ${savepoint}` : `release ${savepoint}`);
    }
  }

  /**
   * A search: the tables in which FTS5 keeps its things are open while it runs, so a view that has come to name them must
   * not slip through. It is prepared once more where nobody can change the schema: inside its own transaction.
   */
  function search(entry: Kept, binding: SqlValue[], call: Call): Answer {
    return undoable('whole', () => {
      const { report, result } = collect(entry.sql);
      if ('thrown' in result || !sameMembers(report.approved, entry.approved)) return failed('stale');
      const searched = () => perform(entry, result, binding, call, false);
      return authorizer.guard(entry.approved, searched, entry.searched);
    });
  }

  /** Gives a table the name that was decided on, or none. */
  function rename(entry: Kept, name: string, binding: SqlValue[], call: Call): Answer {
    return undoable('whole', () => {
      if (schema.exists(name) && foldName(name) !== entry.facts.touches[0].table) return failed('stale');
      const answer = authorizer.guard(entry.approved, () => perform(entry, entry.statement, binding, call, false));
      return schema.exists(name) ? answer : failed('stale');
    });
  }

  return Object.freeze({
    prepare,
    isShort,
    run: (handle: number, call: Call) => run(handle, call, false),
    runShort: (handle: number, call: Call) => run(handle, call, true),
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
}

/** SQLite asks the authorizer again only where it prepares a statement again. */
const NOTHING: ReadonlySet<string> = new Set();

type ProgramRow = readonly [number, string, number, number, number, string | null];

const stepOf = ([address, opcode, , target, , detail]: ProgramRow): Step => ({
  address,
  opcode,
  target,
  detail: detail ?? '',
});

const sameMembers = (one: ReadonlySet<string>, other: ReadonlySet<string>): boolean =>
  one.size === other.size && [...one].every((member) => other.has(member));

/** What must be allowed to whoever learns that a name is unknown. */
const CATALOGUE: readonly Touch[] = [{ verb: 'select', table: SCHEMA_TABLE, columns: ['name'] }];

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

function factsOf(
  sql: string,
  statement: StatementSync,
  touches: readonly Touch[],
  parameters: number,
  report: AuthorizerReport,
): StatementFacts {
  const described = statement.columns();
  const columns = described.map(({ name }) => name);
  const origins = described.map(({ table, column }) =>
    table === null || column === null ? null : { table: foldName(table), column: foldName(column) },
  );
  const alone: Touch = { verb: columns.length > 0 ? 'select' : 'schema', table: undefined, columns: [] };
  const [first = alone, ...rest] = touches;
  const inserts = report.events.some(({ code, direct }) => code === constants.SQLITE_INSERT && direct);
  return { touches: [first, ...rest], columns, origins, parameters, inserts, explains: explains(sql) };
}
