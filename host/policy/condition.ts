import { CellError } from './cell-error.ts';
import { parseArgument } from './conditions/argument.ts';
import type { Clause, ClauseScope, ClauseText, ConditionInput, Verdict } from './conditions/clause.ts';
import { parseFact } from './conditions/fact.ts';
import { parseLabel } from './conditions/label.ts';
import { parseAfter, parseBefore, parseDays, parseHours } from './conditions/time.ts';
import { closest } from '../contracts/suggestion.ts';

/** The `when` cell of a row, compiled. */
export interface Condition {
  readonly text: string;
  readonly clauses: readonly Clause[];
  /** True if every clause is, false if any clause is, else undecided. Never throws. */
  test(input: ConditionInput): Verdict;
}

type ClauseParser = (clause: ClauseText, scope: ClauseScope) => Clause;

/** Every kind of clause: how it begins, and its parser. */
const CLAUSES: readonly { readonly name: string; readonly begins: RegExp; readonly parse: ClauseParser }[] = [
  { name: 'hours(', begins: /^hours\(/, parse: parseHours },
  { name: 'days(', begins: /^days\(/, parse: parseDays },
  { name: 'before(', begins: /^before\(/, parse: parseBefore },
  { name: 'after(', begins: /^after\(/, parse: parseAfter },
  { name: 'label', begins: /^label(?=[<>=!]|$)/, parse: parseLabel },
  { name: 'purpose', begins: /^purpose(?=[<>=!~]|$)/, parse: parseFact },
  { name: 'env', begins: /^env(?=[<>=!~]|$)/, parse: parseFact },
  { name: 'on-behalf-of', begins: /^on-behalf-of(?=[<>=!~]|$)/, parse: parseFact },
  { name: 'arg.', begins: /^arg\./, parse: parseArgument },
];

const ALWAYS: Condition = Object.freeze({ text: '-', clauses: [], test: () => true });

/** Reads a `when` cell. Throws a `CellError` that says where, what was expected, and the nearest spelling. */
export function parseCondition(cell: string, scope: ClauseScope): Condition {
  if (cell === '-') return ALWAYS;
  const clauses = splitClauses(cell).map((clause) => parseClause(clause, scope));
  return Object.freeze({
    text: cell,
    clauses,
    test(input: ConditionInput): Verdict {
      let result: Verdict = true;
      for (const clause of clauses) {
        const verdict = testClause(clause, input);
        if (verdict === false) return false;
        if (verdict === 'undecided') result = verdict;
      }
      return result;
    },
  });
}

/** The verdict of one clause. One that throws cannot say. */
export function testClause(clause: Clause, input: ConditionInput): Verdict {
  try {
    return clause.test(input);
  } catch {
    return 'undecided';
  }
}

function parseClause(clause: ClauseText, scope: ClauseScope): Clause {
  const kind = CLAUSES.find(({ begins }) => begins.test(clause.text));
  if (kind !== undefined) return kind.parse(clause, scope);
  if (clause.text === '-') throw new CellError(clause.offset, '`-` is the empty condition and stands alone');
  const names = CLAUSES.map(({ name }) => name);
  const word = /^[a-z-]+[(.]?/i.exec(clause.text)?.[0] ?? clause.text;
  const near = closest(word, names);
  const expected =
    near === undefined ? `; expected ${names.map((name) => `\`${name}\``).join(' ')}` : `; did you mean \`${near}\``;
  throw new CellError(clause.offset, `unknown clause \`${clause.text}\`${expected}`);
}

/** Cuts a cell at its spaces, but not inside brackets. */
function splitClauses(cell: string): readonly ClauseText[] {
  const clauses: ClauseText[] = [];
  let start = 0;
  let open = -1;
  for (let at = 0; at <= cell.length; at++) {
    const character = cell[at];
    if (character === '(') {
      if (open >= 0) throw new CellError(at, 'brackets cannot be nested');
      open = at;
    } else if (character === ')') {
      if (open < 0) throw new CellError(at, '`)` without `(`');
      open = -1;
    } else if (character === undefined || (character === ' ' && open < 0)) {
      if (open >= 0) throw new CellError(open, '`(` without `)`');
      if (at > start) clauses.push({ text: cell.slice(start, at), offset: start });
      start = at + 1;
    }
  }
  return clauses;
}
