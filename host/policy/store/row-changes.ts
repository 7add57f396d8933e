import { keptLayout } from '../model/model-layout.ts';
import { openPolicyFile, type RuleCells, type SourceText } from '../policy-file.ts';
import { createProblemList } from '../problem-list.ts';
import type { PolicySnapshot } from '../policy-snapshot.ts';
import type { RoleLink } from '../role-graph.ts';
import { canonicalRow } from '../rule.ts';
import { finish, type Steps } from '../steps.ts';
import type { RowCounts } from './policy-store.ts';

/** What the rows of a policy text say, each in canonical spelling and in the six cells that decide, in the order of the file. */
export interface TextRows {
  readonly rules: ReadonlyMap<string, RuleCells>;
  readonly links: ReadonlyMap<string, RoleLink>;
  /** Each row with the columns of its own model, where these are others than the six. */
  readonly written: ReadonlyMap<string, string>;
}

/** The texts that rows are read from. */
interface Texts {
  readonly policy: Pick<SourceText, 'text'>;
  readonly model?: SourceText;
}

/** Reads the rows of a text. Whether they mean anything is not asked: a row with a mistake in its form is left out. */
export const rowsOf = (texts: Texts): TextRows => finish(readRows(texts));

/** The same, with pauses. */
export function* readRows({ policy: { text }, model }: Texts): Steps<TextRows> {
  const layout = keptLayout(model);
  const opened = yield* openPolicyFile({ file: 'policy.csv', text }, layout, createProblemList());
  const written = new Map<string, string>();
  const note = (row: string, cells: readonly string[], kind: string): void => {
    const own = `${kind}, ${cells.join(', ')}`;
    if (own !== row) written.set(row, own);
  };
  const links = new Map<string, RoleLink>();
  for (const { cells } of yield* opened.links()) {
    const link = layout.readLink(cells);
    const row = `g, ${link.join(', ')}`;
    links.set(row, link);
    note(row, cells, 'g');
  }
  const rules = new Map<string, RuleCells>();
  yield* opened.rules(({ cells }) => {
    const { rule } = layout.read(cells);
    const row = `p, ${canonicalRow(rule)}`;
    rules.set(row, rule);
    note(row, cells, 'p');
  });
  return { rules, links, written };
}

/** The rows that one text has and the other has not: roles first. */
export function changesBetween(
  before: TextRows,
  after: TextRows,
): { readonly added: readonly string[]; readonly removed: readonly string[] } {
  return { added: onlyIn(after, before), removed: onlyIn(before, after) };
}

/** How many rows are looked at in one step. */
const ROWS_OF_A_STEP = 512;

/** The same of two policies that are loaded, as numbers. */
export function* countChanges(before: LoadedRows | undefined, after: LoadedRows): Steps<RowCounts> {
  const old = new Set<string>();
  if (before !== undefined) yield* eachRow(before, (row) => old.add(row));
  let [rows, common] = [0, 0];
  yield* eachRow(after, (row) => {
    rows += 1;
    if (old.has(row)) common += 1;
  });
  return { rules: after.rules.length, added: rows - common, removed: old.size - common };
}

/** A policy that is loaded: none of its rows stands there twice. */
type LoadedRows = Pick<PolicySnapshot, 'rules' | 'links'>;

/** No rule looks like a link: it has more cells. */
function* eachRow({ rules, links }: LoadedRows, visit: (row: string) => void): Steps<void> {
  for (const [index, { row }] of rules.entries()) {
    if (index % ROWS_OF_A_STEP === 0) yield;
    visit(row);
  }
  for (const [index, link] of links.entries()) {
    if (index % ROWS_OF_A_STEP === 0) yield;
    visit(link.join(', '));
  }
}

const onlyIn = (those: TextRows, others: TextRows): readonly string[] => [
  ...[...those.links.keys()].filter((row) => !others.links.has(row)),
  ...[...those.rules.keys()].filter((row) => !others.rules.has(row)),
];
