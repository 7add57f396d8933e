import { openPolicyFile, type RuleCells } from '../policy-file.ts';
import { createProblemList } from '../problem-list.ts';
import type { RoleLink } from '../role-graph.ts';
import { canonicalRow } from '../rule.ts';
import { finish, type Steps } from '../steps.ts';

/** The rows of a policy text by their canonical spelling, in the order of the file. */
export interface TextRows {
  readonly rules: ReadonlyMap<string, RuleCells>;
  readonly links: ReadonlyMap<string, RoleLink>;
}

/** Reads the rows of a text. Whether they mean anything is not asked: a row with a mistake in its form is left out. */
export function rowsOf(text: string): TextRows {
  return finish(readRows(text));
}

function* readRows(text: string): Steps<TextRows> {
  const opened = yield* openPolicyFile({ file: 'policy.csv', text }, createProblemList());
  const links = yield* opened.links();
  const rules = new Map<string, RuleCells>();
  yield* opened.rules(({ cells }) => rules.set(`p, ${canonicalRow(cells)}`, cells));
  return { rules, links: new Map(links.map(({ cells }) => [`g, ${cells.join(', ')}`, cells])) };
}

/** The rows that one text has and the other has not: roles first. */
export function changesBetween(
  before: TextRows,
  after: TextRows,
): { readonly added: readonly string[]; readonly removed: readonly string[] } {
  return { added: onlyIn(after, before), removed: onlyIn(before, after) };
}

const onlyIn = (those: TextRows, others: TextRows): readonly string[] => [
  ...[...those.links.keys()].filter((row) => !others.links.has(row)),
  ...[...those.rules.keys()].filter((row) => !others.rules.has(row)),
];
