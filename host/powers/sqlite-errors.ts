import type { EngineFailure, StatementProblem } from '../gates/db/engine.ts';

/** SQLite's primary result codes that mean something to a gate. */
const CODE = {
  error: 1,
  perm: 3,
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  full: 13,
  tooBig: 18,
  constraint: 19,
  mismatch: 20,
  auth: 23,
  range: 25,
} as const;

/** The primary result code of a file that is something else. */
export const NOT_A_DATABASE = 26;

interface SqliteError {
  readonly primary: number;
  readonly message: string;
}

/** An error of SQLite itself; `undefined` for any other: that is a fault of the host. */
export function sqliteError(thrown: unknown): SqliteError | undefined {
  if (!(thrown instanceof Error) || !('errcode' in thrown) || typeof thrown.errcode !== 'number') return undefined;
  return { primary: thrown.errcode & 0xff, message: thrown.message };
}

const NOT_GRAMMATICAL = /syntax error$|^incomplete input$|^unrecognized token/;
const TOO_DEEP =
  /^Expression tree is too large|^parser stack overflow|^too many (terms in compound|SQL variables|FROM clause)/i;

/** Why a statement did not prepare. What remains after grammar and size is about names, and never told apart further. */
export function problemOf(thrown: unknown): StatementProblem | EngineFailure {
  const error = sqliteError(thrown);
  if (error === undefined) return hasNoStatement(thrown) ? 'not-one' : 'internal';
  switch (error.primary) {
    case CODE.error:
      if (NOT_GRAMMATICAL.test(error.message)) return 'syntax';
      return TOO_DEEP.test(error.message) ? 'complex' : 'unresolved';
    case CODE.tooBig:
      return 'complex';
    case CODE.auth:
      return 'unserved';
    default:
      return failureOf(thrown);
  }
}

const hasNoStatement = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  'code' in thrown &&
  thrown.code === 'ERR_INVALID_ARG_VALUE' &&
  thrown.message.includes('no statements');

/** Why a statement failed while it ran. */
export function failureOf(thrown: unknown): EngineFailure {
  const error = sqliteError(thrown);
  switch (error?.primary) {
    case CODE.error:
      return 'value';
    case CODE.constraint:
    case CODE.mismatch:
      return 'constraint';
    case CODE.readOnly:
    case CODE.perm:
      return 'read-only';
    case CODE.busy:
    case CODE.locked:
      return 'busy';
    case CODE.tooBig:
    case CODE.noMemory:
    case CODE.full:
      return 'too-large';
    case CODE.range:
      return 'parameters';
    case CODE.auth:
      return 'stale';
    default:
      return 'internal';
  }
}
