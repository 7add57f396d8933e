import type { DecisionContext } from '../../contracts/decision-point.ts';
import type { Attributes } from '../../contracts/request.ts';
import type { Words } from '../vocabulary.ts';
import type { ZoneClocks } from './zone-clock.ts';

/** What a condition is tested against. */
export interface ConditionInput {
  readonly context: DecisionContext;
  readonly attributes: Attributes;
  /** Of the access; nothing where nobody knows. */
  readonly label?: string | undefined;
}

/** The answer of a clause. `undecided` where the context cannot say: then an allow row does not match and a deny row does. */
export type Verdict = boolean | 'undecided';

/** One clause of a `when` cell, compiled. */
export interface Clause {
  readonly text: string;
  /** What it looks at: `time`, `purpose`, `env`, `on-behalf-of`, `label`, or `arg.NAME`. */
  readonly about: string;
  test(input: ConditionInput): Verdict;
  /** From this instant on the clause is never true again. */
  readonly expiresMs?: number;
}

/** What clauses are compiled with. */
export interface ClauseScope {
  readonly words: Words;
  readonly zones: ZoneClocks;
  isArgument(name: string): boolean;
}

/** A clause as it stands in its cell. */
export interface ClauseText {
  readonly text: string;
  /** Where it begins in the cell. */
  readonly offset: number;
}

export const negate = (verdict: Verdict): Verdict => (verdict === 'undecided' ? verdict : !verdict);
