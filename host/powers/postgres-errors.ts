import type { EngineFailure, StatementProblem } from '../gates/db/engine.ts';

/** The state that the server gives with an error (SQLSTATE), or `undefined` for an error of the connection. */
export function stateOf(error: unknown): string | undefined {
  const state = (error as { readonly code?: unknown } | null)?.code; // an error of `pg`, or anything
  return typeof state === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(state) ? state : undefined;
}

/** What is wrong with a statement that the server would not prepare. */
export function preparationProblem(state: string | undefined): StatementProblem | EngineFailure {
  if (state === '42601' || state === '42622') return 'syntax';
  if (state?.startsWith('54') === true) return 'complex';
  // Names, types, operators that do not fit; a constant that its type cannot read.
  if (state?.startsWith('42') === true && state !== '42501') return 'unresolved';
  if (state?.startsWith('22') === true) return 'unresolved';
  if (state === '0A000') return 'unserved';
  return failureOf(state);
}

/** Why a statement that was prepared has failed. */
export function failureOf(state: string | undefined): EngineFailure {
  switch (state) {
    case undefined:
      return 'unreachable';
    case '25006':
      return 'read-only';
    case '25P02':
      return 'transaction-over';
    case '42501':
    case '44000': // a view's check option
      return state === '42501' ? 'forbidden' : 'constraint';
    case '57014':
      return 'timed-out';
    case '55P03':
    case '40001':
    case '40P01':
      return 'busy';
    case '0A000': // a cached plan must not change its result
    case '26000':
    case '42703':
    case '42P01':
      return 'stale';
    case 'P0001':
      return 'constraint';
    default:
      return failureOfClass(state.slice(0, 2));
  }
}

function failureOfClass(group: string): EngineFailure {
  switch (group) {
    case '08':
    case '28':
    case '3D':
    case '57':
      return 'unreachable';
    case '21':
    case '22':
    case '54':
      return 'value';
    case '23':
      return 'constraint';
    case '53':
      return 'busy';
    default:
      return 'internal';
  }
}
