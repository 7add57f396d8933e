import type { DeniedCase } from '../../contracts/denial.ts';
import { throwWit } from '../../contracts/guest-import.ts';
import type { Enforced } from '../../enforcement/effect.ts';
import { FAILURE_TEXTS, type DbFailure } from './failure.ts';

type PlainTag =
  | 'unknown-database'
  | 'unknown-statement'
  | 'constraint-violation'
  | 'read-only'
  | 'busy'
  | 'timed-out'
  | 'too-large'
  | 'transaction-over'
  | 'internal';

/** The variant `error` of `sallyport:agent/db`. */
export type DbError =
  DeniedCase | { readonly tag: 'invalid-statement'; readonly val: string } | { readonly tag: PlainTag };

/** The case of the WIT error for a failure. */
export function tagOf(failure: DbFailure): Exclude<DbError['tag'], 'denied'> {
  switch (failure) {
    case 'constraint':
      return 'constraint-violation';
    case 'syntax':
    case 'not-one':
    case 'complex':
    case 'unresolved':
    case 'unserved':
    case 'parameters':
    case 'parameter-value':
    case 'returns-rows':
    case 'returns-nothing':
    case 'value':
      return 'invalid-statement';
    case 'stale': // twice in a row: the schema does not stand still
      return 'busy';
    case 'forbidden': // the driver denies it; only a commit gets here
    case 'unreachable':
      return 'internal';
    case 'unknown-database':
    case 'unknown-statement':
    case 'read-only':
    case 'busy':
    case 'timed-out':
    case 'too-large':
    case 'transaction-over':
    case 'internal':
      return failure;
  }
}

function errorOf(failure: DbFailure): DbError {
  const tag = tagOf(failure);
  return tag === 'invalid-statement' ? { tag, val: FAILURE_TEXTS[failure] } : { tag };
}

/** Refusals travel as their text. */
const BY_TEXT: ReadonlyMap<string, DbFailure> = new Map(
  Object.entries(FAILURE_TEXTS).map(([failure, text]) => [text, failure as DbFailure]), // the table's keys are all failures
);

/** The value of a call, or its WIT error, thrown. */
export function dbAnswer<Value>(enforced: Enforced<Value, DbFailure>): Value {
  switch (enforced.status) {
    case 'ok':
      return enforced.value;
    case 'failed':
      return throwWit(errorOf(enforced.failure) satisfies DbError);
    case 'denied':
      return throwWit({ tag: 'denied', val: enforced.denial } satisfies DbError);
    case 'refused':
      return throwWit(errorOf(BY_TEXT.get(enforced.text) ?? 'internal') satisfies DbError);
    case 'fault':
      return throwWit({ tag: 'internal' } satisfies DbError);
  }
}

/** Throws a failure that no effect came before. */
export const throwFailure = (failure: DbFailure): never => throwWit(errorOf(failure) satisfies DbError);
