import type { RunFacts } from '../../contracts/principal.ts';
import { CellError } from '../cell-error.ts';
import type { RuleCells } from '../policy-file.ts';
import { ANY_ROLE, type RoleLink } from '../role-graph.ts';
import { canonicalRow, ruleLine } from '../rule.ts';

/** A clause that a column of its own stands for: it is read as if it stood in the condition. */
export interface ColumnClause {
  /** The column of the row, from 0. */
  readonly column: number;
  /** For instance `env=prod`. */
  readonly clause: string;
  /** How many characters of the clause stand before the cell. */
  readonly skip: number;
}

/** A row as it is written, and the rule that it means. */
export interface ReadRow {
  /** The six cells as far as the row has them; what it does not have says nothing. */
  readonly written: RuleCells;
  /** The six cells that decide: domain and facts stand in the condition, a role of a domain is `role:NAME@DOMAIN`. */
  readonly rule: RuleCells;
  readonly clauses: readonly ColumnClause[];
  readonly domain: string | undefined;
}

/** How the rows of a policy are written. Whatever the layout, a rule is six cells; this leads from one to the other. */
export interface RowLayout {
  /** How many cells each kind of row has, and how it looks; without roles there are no links. */
  readonly rule: { readonly cells: number; readonly form: string };
  readonly link: { readonly cells: number; readonly form: string } | undefined;
  /** In which column, from 0, one of the six cells is written; 0 where it is not. */
  columnOf(cell: number): number;
  /** Throws a `CellError` for one of the six cells that another layout could have and this one cannot. */
  check(cell: number, text: string): void;
  read(cells: readonly string[]): ReadRow;
  readLink(cells: readonly string[]): RoleLink;
  /** The row as the file would have it; `undefined` where this layout has no such row. */
  write(cells: RuleCells): string | undefined;
  /** The clauses that a row needs for a run with these facts; `undefined` where a fact is missing. */
  lead(facts: RunFacts): readonly string[] | undefined;
}

/** What a model says about its rows. */
export interface LayoutPlan {
  /** Columns in the order of the row: of `sub` `dom` `act` `obj` `when` `eft` `then` `purpose` `on_behalf_of`. */
  readonly columns: readonly string[];
  readonly roles: 'none' | 'global' | 'domain';
  /** What is compared by equality, and so has no wildcards. */
  readonly exact: { readonly act: boolean; readonly obj: boolean };
  /** Clauses that hold every row. */
  readonly constants: readonly string[];
}

const SIX = ['sub', 'act', 'obj', 'when', 'eft', 'then'] as const;
const WORDS: ReadonlyMap<string, string> = new Map([
  ['sub', 'who'],
  ['dom', 'domain'],
  ['act', 'action'],
  ['obj', 'resource'],
  ['eft', 'effect'],
]);
const LINKS: Readonly<Record<LayoutPlan['roles'], RowLayout['link']>> = {
  none: undefined,
  global: { cells: 2, form: 'g, member, role' },
  domain: { cells: 3, form: 'g, member, role, domain' },
};
/** What a cell says that is not there. */
const ABSENT: Readonly<Record<(typeof SIX)[number], string>> = {
  sub: '-',
  act: '-',
  obj: '-',
  when: '-',
  eft: 'allow',
  then: '-',
};

/** Columns that stand for a clause, the clause, and the fact of a run that it is about. */
const CLAUSES = [
  ['dom', 'env=', 'environment'],
  ['purpose', 'purpose=', 'purpose'],
  ['on_behalf_of', 'on-behalf-of=', 'onBehalfOf'],
] as const;

/** A value in a column is one value: no set, no escape, no group. */
const VALUE = /^(?:user:)?[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** The layout where there is no model file: the six cells in their order. */
export const SIX_COLUMNS: RowLayout = createRowLayout({
  columns: SIX,
  roles: 'global',
  exact: { act: false, obj: false },
  constants: [],
});

export function createRowLayout({ columns, roles, exact, constants }: LayoutPlan): RowLayout {
  const at = SIX.map((name) => columns.indexOf(name));
  const extras = CLAUSES.flatMap(([name, prefix, fact]) => {
    const column = columns.indexOf(name);
    return column < 0 ? [] : [{ column, prefix, fact }];
  });
  const domainAt = columns.indexOf('dom');
  const plain = extras.length === 0 && constants.length === 0;
  const inOrder = columns.length === SIX.length && SIX.every((name, index) => columns[index] === name);

  function read(cells: readonly string[]): ReadRow {
    const six = inOrder ? cells : SIX.map((name, index) => cells[at[index] ?? -1] ?? ABSENT[name]);
    const written = six as unknown as RuleCells; // The reader has counted the cells of the row.
    if (plain) return { written, rule: written, clauses: [], domain: undefined };
    const clauses = extras.map(({ column, prefix }): ColumnClause => ({
      column,
      clause: prefix + (cells[column] ?? ''),
      skip: prefix.length,
    }));
    const domain = domainAt < 0 ? undefined : cells[domainAt];
    const [who, action, resource, when, effect, then] = written;
    const folded = [...constants, ...clauses.map(({ clause }) => clause), ...(when === '-' ? [] : [when])].join(' ');
    const subject = roles === 'domain' && domain !== undefined ? inDomain(who, domain) : who;
    return { written, rule: [subject, action, resource, folded, effect, then], clauses, domain };
  }

  function write(cells: RuleCells): string | undefined {
    const [who, action, resource, when, effect, then] = cells;
    const own = new Map<number, string>();
    let rest = when === '-' ? '' : when;
    for (const clause of constants) {
      const without = after(rest, clause);
      if (without === undefined) return undefined;
      rest = without;
    }
    for (const { column, prefix } of extras) {
      const clause = rest.split(' ', 1)[0] ?? '';
      if (!clause.startsWith(prefix) || !VALUE.test(clause.slice(prefix.length))) return undefined;
      own.set(column, clause.slice(prefix.length));
      rest = after(rest, clause) ?? '';
    }
    const subject = who.split('@', 1)[0] ?? who;
    const six = [subject, action, resource, rest === '' ? '-' : rest, effect, then];
    for (const [index, name] of SIX.entries()) {
      const column = at[index] ?? -1;
      const cell = six[index] ?? '';
      if (column < 0 ? cell !== ABSENT[name] : !isCell(index, cell)) return undefined;
      if (column >= 0) own.set(column, cell);
    }
    const line = columns.map((_, column) => own.get(column) ?? '-');
    return canonicalRow(read(line).rule) === canonicalRow(cells) ? `p, ${line.join(', ')}` : undefined;
  }

  function check(cell: number, text: string): void {
    const name = SIX[cell];
    if (name === 'sub' && roles === 'none' && text.startsWith('role:'))
      throw new CellError(0, `\`${text}\`: the model has no roles; expected \`agent:NAME\`, or \`g\` in the model`);
    if (name === 'act' && exact.act && text.endsWith('*'))
      throw new CellError(0, `\`${text}\`: the model compares actions as they are; name one, or use \`actMatch\``);
    const star = name === 'obj' && exact.obj ? text.indexOf('*') : -1;
    if (star >= 0)
      throw new CellError(star, 'the model compares resources as they are, so `*` stands for nothing; use `objMatch`');
  }

  function isCell(cell: number, text: string): boolean {
    try {
      check(cell, text);
      return true;
    } catch (error) {
      if (error instanceof CellError) return false;
      throw error;
    }
  }

  return Object.freeze({
    rule: { cells: columns.length, form: `p, ${columns.map((name) => WORDS.get(name) ?? name).join(', ')}` },
    link: LINKS[roles],
    columnOf: (cell: number) => Math.max(0, at[cell] ?? 0),
    check,
    read,
    readLink([member = '', role = '', domain]: readonly string[]): RoleLink {
      return domain === undefined ? [member, role] : [inDomain(member, domain), inDomain(role, domain)];
    },
    write,
    lead(facts: RunFacts) {
      const clauses = extras.map(({ prefix, fact }) => {
        const value = facts[fact];
        return value === undefined || !VALUE.test(value) ? undefined : prefix + value;
      });
      return clauses.every((clause) => clause !== undefined) ? [...constants, ...clauses] : undefined;
    },
  });
}

/** A rule of a policy as its file has it. */
export const rowAsWritten = (layout: RowLayout, cells: RuleCells): string => layout.write(cells) ?? ruleLine(cells);

/** Throws a `CellError` for what a column with one value cannot hold. */
export function checkColumnValue({ clause, skip }: ColumnClause): void {
  const value = clause.slice(skip);
  if (!VALUE.test(value))
    throw new CellError(skip, `\`${value}\` is not one value; expected letters, digits, \`.\` \`_\` \`-\``);
}

/** A role in a domain is another one than the same role elsewhere. No name of a role has an `@`. */
export const inDomain = (subject: string, domain: string): string =>
  subject.startsWith('role:') && subject !== ANY_ROLE ? `${subject}@${domain}` : subject;

/** What follows a clause that a condition begins with. */
function after(condition: string, clause: string): string | undefined {
  if (condition === clause) return '';
  return condition.startsWith(`${clause} `) ? condition.slice(clause.length + 1) : undefined;
}
