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
  /** In the engine's one spelling (SQLite: ASCII letters in lower case). `undefined`: it needs no table. */
  readonly table: string | undefined;
  /** Sorted, in the engine's one spelling. Empty for `schema` and without a table. */
  readonly columns: readonly string[];
}

/** What one statement does, as the engine itself reports it. */
export interface StatementFacts {
  /** At least one. What the statement is about comes first. */
  readonly touches: readonly [Touch, ...Touch[]];
  /** Names of the result's columns; empty for a statement that returns no rows. */
  readonly columns: readonly string[];
  readonly parameters: number;
  /** True if it inserts rows itself, and not only by its triggers. */
  readonly inserts: boolean;
  /** True if it only shows how a statement would run. */
  readonly explains: boolean;
  /** True if it can run without end on its own account. */
  readonly recursive: boolean;
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
  /** `touches` is what it would have touched as far as that is known: knowing more than that is not for everybody. */
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
  prepare(sql: string): Preparation | Promise<Preparation>;
  run(statement: PreparedStatement, call: Call): Answer | Promise<Answer>;
}

/** Statements that take effect together. It begins with its first statement, not before. */
export interface EngineTransaction extends StatementRunner {
  /** True once it has ended by itself: then nothing of it has taken effect. */
  readonly isOver: () => boolean;
  commit(): Promise<EngineFailure | undefined>;
  rollback(): Promise<void>;
}

/** One database for one run. Nothing is opened before the first statement. */
export interface DatabaseSession {
  /** For statements of the configuration. */
  readonly declared: StatementRunner;
  /** For statements that the guest wrote: they can be ended from outside. */
  readonly guest: StatementRunner;
  begin(): EngineTransaction;
  /** Rolls back and closes everything, whatever is under way. */
  close(): void;
}

/** A database of the configuration, as an engine sees it. */
export interface DatabaseTarget {
  readonly path: string;
  readonly writable: boolean;
  /** Whether recursive queries are served. */
  readonly recursive: boolean;
  /** The most bytes that one call may carry, either way. */
  readonly maxBytes: number;
}

export interface DatabaseEngine {
  open(target: DatabaseTarget): DatabaseSession;
}

/** Looks at a database for the sake of a configuration: the problem with it, or with one of the statements. */
export interface DatabaseInspector {
  database(target: DatabaseTarget): 'not-a-database' | 'unreadable' | undefined;
  statement(target: DatabaseTarget, sql: string): StatementProblem | 'unreadable' | undefined;
}
