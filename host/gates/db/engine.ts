import type { Pending } from '../../contracts/pending.ts';

/**
 * What the gate asks of a database engine. An engine reports what a statement does (facts) before anything is done, and
 * then does exactly that: it performs a prepared statement only as long as the facts still hold.
 */

/** A value as engines take and give it. Integers are `bigint`, floating point numbers `number`. */
export type SqlValue = null | bigint | number | string | Uint8Array;

/** What a statement does to a table. `schema` is create, alter and drop. */
export type Verb = 'select' | 'insert' | 'update' | 'delete' | 'schema';

/** Everything that one statement does to one table in one way, triggers, views, cascades and all. */
export interface Touch {
  readonly verb: Verb;
  /** The schema that the table lies in, where an engine has several (Postgres). Never without a table. */
  readonly schema?: string;
  /** In the engine's one spelling (SQLite: ASCII letters in lower case). `undefined`: it needs no table. */
  readonly table: string | undefined;
  /** Sorted, in the engine's one spelling. Empty for `schema` and without a table. */
  readonly columns: readonly string[];
}

/** Where a value comes from, in the engine's one spelling. Names may hold any sign, dots as well. */
export interface ColumnOrigin {
  /** The schema that the table lies in, where an engine has several. */
  readonly schema?: string;
  readonly table: string;
  readonly column: string;
}

/** What one statement does, as the engine itself reports it. */
export interface StatementFacts {
  /** At least one. What the statement is about comes first. */
  readonly touches: readonly [Touch, ...Touch[]];
  /** Names of the result's columns; empty for a statement that returns no rows. */
  readonly columns: readonly string[];
  /**
   * The column of a table that the values of each column of the result are taken from as they are; `null` for what is
   * worked out, and where the engine does not say it.
   */
  readonly origins: readonly (ColumnOrigin | null)[];
  readonly parameters: number;
  /** True if it inserts rows itself, and not only by its triggers. */
  readonly inserts: boolean;
  /** True if it only shows how a statement would run. */
  readonly explains: boolean;
}

/** Why a statement cannot be performed at all. */
export type StatementProblem =
  /** Not SQL. */
  | 'syntax'
  /** None, or more than one. */
  | 'not-one'
  /** Longer or deeper than the limits. */
  | 'complex'
  /** Names or uses that the schema does not know. */
  | 'unresolved'
  /** A class, function or table that the host never serves. */
  | 'unserved';

/** A statement that the engine holds ready. `handle` means something only to the runner that made it. */
export interface PreparedStatement {
  readonly handle: number;
  readonly sql: string;
  readonly facts: StatementFacts;
}

export type Preparation =
  | { readonly status: 'prepared'; readonly statement: PreparedStatement }
  /**
   * `touches` is what it would have touched as far as that is known, and for `unresolved` the engine's catalogue: the
   * problem is told to whoever may do all of that.
   */
  | { readonly status: 'refused'; readonly problem: StatementProblem; readonly touches: readonly Touch[] }
  | { readonly status: 'failed'; readonly failure: EngineFailure };

/** How one statement is performed. */
export interface Call {
  readonly mode: 'query' | 'execute';
  readonly parameters: readonly SqlValue[];
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

export type EngineFailure =
  | 'constraint'
  | 'read-only'
  | 'busy'
  | 'timed-out'
  | 'too-large'
  /** The parameters do not fit the statement. */
  | 'parameters'
  /** A function or an operator cannot work on a value (overflow, malformed JSON). */
  | 'value'
  | 'transaction-over'
  /** The database's own rights do not allow it, whatever the policy says. */
  | 'forbidden'
  /** There is no connection to the database. */
  | 'unreachable'
  /** The schema changed, so the statement would now do something else; it has not been done. */
  | 'stale'
  | 'internal';

export type Answer =
  | {
      readonly status: 'rows';
      readonly rows: readonly (readonly SqlValue[])[];
      readonly truncated: boolean;
      readonly bytes: number;
    }
  | { readonly status: 'changes'; readonly rows: bigint; readonly lastRowId: bigint | undefined }
  | { readonly status: 'failed'; readonly failure: EngineFailure };

/** Prepares and performs the statements of one origin. An engine may answer at once or later. */
export interface StatementRunner {
  /** Has no effect. Asked again with the same text, it answers from memory as long as it can. */
  prepare(sql: string): Pending<Preparation>;
  run(statement: PreparedStatement, call: Call): Pending<Answer>;
}

/** Statements that take effect together. It begins with its first statement, not before. */
export interface EngineTransaction extends StatementRunner {
  /** True once it has ended by itself: then nothing of it has taken effect. */
  readonly isOver: () => boolean;
  commit(): Pending<EngineFailure | undefined>;
  rollback(): Pending<void>;
}

/** One database for one run. Nothing is opened before the first statement. */
export interface DatabaseSession {
  /** For statements of the configuration. */
  readonly declared: StatementRunner;
  /** For statements that the guest wrote: they can be ended from outside. */
  readonly guest: StatementRunner;
  begin(): EngineTransaction;
  /** Rolls back and closes everything, whatever is under way. */
  close(): Pending<void>;
}

/** A database of the configuration, as its engine sees it. */
export type DatabaseTarget = SqliteTarget | PostgresTarget;

interface AnyTarget {
  readonly writable: boolean;
  /** The most bytes that one call may carry, either way. */
  readonly maxBytes: number;
}

/** A file. Its engine always answers at once. */
export interface SqliteTarget extends AnyTarget {
  readonly kind: 'sqlite';
  readonly path: string;
  /** Whether recursive queries are served. */
  readonly recursive: boolean;
  /** The file grows no further than this. */
  readonly maxFileBytes: number;
}

/** A server. Its engine answers later. */
export interface PostgresTarget extends AnyTarget {
  readonly kind: 'postgres';
  /** A name or address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** The role that logs in. It is the second fence: it should be able to do no more than the policy allows. */
  readonly user: string;
  /** Where the password is; never the password itself. */
  readonly password: PasswordSource | undefined;
  /** `undefined`: no TLS, which only a loopback address or a socket may have. It is always verified. */
  readonly tls: { readonly ca: string | undefined } | undefined;
  /** The schemas that are served, in the order of the search path. */
  readonly schemas: readonly string[];
  /** Whether recursive queries are served. */
  readonly recursive: boolean;
  /** Whether tables with triggers may be changed: what a trigger does cannot be decided on. */
  readonly triggers: 'refuse' | 'trust';
  /** What the server itself allows a statement, in milliseconds. */
  readonly timeoutMs: number;
}

export type PasswordSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly name: string }
  /** A secret of the configuration. */
  | { readonly kind: 'secret'; readonly name: string };

export interface DatabaseEngine<Target extends DatabaseTarget> {
  open(target: Target): DatabaseSession;
  /** Ends whatever no session holds. Called once, after the sessions are closed. */
  close?(): Pending<void>;
}

/** The engine of each kind of database. Absent: the configuration has none of its kind. */
export interface DatabaseEngines {
  readonly sqlite?: DatabaseEngine<SqliteTarget>;
  readonly postgres?: DatabaseEngine<PostgresTarget>;
}

/** Looks at an SQLite database for the sake of a configuration: the problem with it, or with one of the statements. */
export interface DatabaseInspector {
  database(target: SqliteTarget): 'not-a-database' | 'unreadable' | undefined;
  statement(target: SqliteTarget, sql: string): StatementProblem | 'unreadable' | undefined;
}
