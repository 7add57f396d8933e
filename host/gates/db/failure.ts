import type { EngineFailure, StatementProblem } from './engine.ts';

/** Everything that can be wrong with a call, apart from a denial. */
export type DbFailure =
  | EngineFailure
  | StatementProblem
  | 'unknown-database'
  | 'unknown-statement'
  /** A parameter is no value that a database can hold exactly. */
  | 'parameter-value'
  /** `execute` was asked for what returns rows. */
  | 'returns-rows'
  /** `query` was asked for what returns none. */
  | 'returns-nothing';

/** What a guest reads where the WIT has a text, and what the record shows of a refusal. Fixed: nothing of the host. */
export const FAILURE_TEXTS: Readonly<Record<DbFailure, string>> = {
  'unknown-database': 'no such database',
  'unknown-statement': 'no such statement',
  syntax: 'syntax error',
  'not-one': 'not exactly one statement',
  complex: 'the statement is too long or too deep',
  unresolved: 'no such table or column, or not used as it is defined',
  unserved: 'this kind of statement, or a function in it, is not served',
  parameters: 'wrong number of parameters',
  'parameter-value': 'a parameter is not a value that can be stored',
  'returns-rows': 'the statement returns rows: use query',
  'returns-nothing': 'the statement returns no rows: use execute',
  value: 'a function or an operator cannot work on a value',
  constraint: 'a constraint was violated',
  'read-only': 'the database is read-only',
  busy: 'another writer holds the database',
  'timed-out': 'a deadline passed',
  'too-large': 'more bytes than one call may move',
  'transaction-over': 'the transaction has ended',
  forbidden: 'the role of the database may not do this',
  unreachable: 'the database cannot be reached',
  stale: 'the schema changed meanwhile',
  internal: 'the host failed',
};
