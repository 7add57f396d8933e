import type { Attribute, Attributes } from '../contracts/request.ts';
import { encodeValue } from './conditions/value.ts';
import { CellError } from './cell-error.ts';
import type { PolicySnapshot } from './policy-snapshot.ts';
import { createCellCompiler } from './rule.ts';

/** The condition that holds a row to the arguments of one call. */
export interface ArgumentCondition {
  /** The `when` cell; `-` where there is nothing to test. */
  readonly when: string;
  /** Arguments that no clause could be written for: the row leaves them open. */
  readonly open: readonly string[];
  /** Arguments with characters that no clause can hold: `*` stands for them, and for others. */
  readonly loose: readonly string[];
}

/** Rows stay short enough for a person to judge. */
const MAX_CELL = 2_048;

/**
 * The clauses that are true for these arguments and for as little else as can be written. A row cannot say that a
 * further argument is absent.
 */
export function argumentCondition(
  snapshot: PolicySnapshot,
  action: string,
  pattern: string,
  attributes: Attributes,
): ArgumentCondition {
  const compiler = createCellCompiler(snapshot.words);
  const isArgument = (name: string): boolean => snapshot.isArgument(action, pattern, name);
  const input = { context: { nowMs: 0 }, attributes };
  const holds = (clause: string): boolean => {
    try {
      return compiler.condition(clause, isArgument).test(input) === true;
    } catch (error) {
      if (error instanceof CellError) return false;
      throw error;
    }
  };
  const clauses: string[] = [];
  const open: string[] = [];
  const loose: string[] = [];
  let room = MAX_CELL;
  for (const [name, value] of attributes) {
    const clause = clausesFor(name, value).find((text) => text.length < room && holds(text));
    if (clause === undefined) {
      open.push(name);
      continue;
    }
    if (clause.startsWith(`arg.${name}~`)) loose.push(name);
    room -= clause.length + 1;
    clauses.push(clause);
  }
  return { when: clauses.length === 0 ? '-' : clauses.join(' '), open, loose };
}

/** What a row cannot hold, or could not be copied as from a terminal: it is printed escaped. */
const UNWRITABLE = /[^\P{Cc}]|[\p{Cf}\p{Cs}\p{DI}"'\u2800\uFFFD]|[^\S ]|\\+(?=u\{)/gu;
/** What a pattern cannot hold besides. */
const NO_PATTERN = /[?{}\\]/g;

/** Clauses for one argument, the narrowest first. */
function clausesFor(name: string, value: Attribute): readonly string[] {
  const texts = [value].flat().map(String);
  const pattern = (texts[0] ?? '').replace(UNWRITABLE, '*').replace(NO_PATTERN, '*').replace(/\*+/g, '*');
  const exact = texts.some((text) => text.search(UNWRITABLE) >= 0)
    ? []
    : [`arg.${name}=${[...new Set(texts)].map(encodeValue).join('|')}`];
  return texts.length === 1 && /[^*/]/.test(pattern) ? [...exact, `arg.${name}~${encodeValue(pattern)}`] : exact;
}
