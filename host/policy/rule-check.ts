import type { Obligations } from '../contracts/decision.ts';
import { CellError } from './cell-error.ts';
import { checkColumnValue, type ColumnClause, type ReadRow, type RowLayout } from './model/row-layout.ts';
import { createCurrencyCheck } from './one-currency.ts';
import { columnOf, type PolicyFile, type Row } from './policy-file.ts';
import type { ProblemList } from './problem-list.ts';
import { ANY_ROLE, checkRoleGraph, type RoleLink } from './role-graph.ts';
import { canonicalRow, moveRule, placeRule, type CellCompiler, type PlacedRule, type RuleEffect } from './rule.ts';
import { suggestion } from './spelling.ts';
import type { Steps } from './steps.ts';
import { capabilityOf, type Vocabulary } from './vocabulary.ts';

/** How many links are checked in one step. */
const LINKS_OF_A_STEP = 64;

/** The rows of a policy, checked. They hold nothing of the text that they were read from. */
export interface CheckedRows {
  readonly rules: readonly PlacedRule[];
  readonly links: readonly RoleLink[];
}

/** What the rows of a policy are checked with. */
export interface RowScope {
  readonly layout: RowLayout;
  readonly vocabulary: Vocabulary;
  readonly compiler: CellCompiler;
  /** Rules that were checked with the same layout and vocabulary, by their rows. */
  readonly knownRules: ReadonlyMap<string, PlacedRule>;
}

/** Checks what the cells of a policy mean. Every mistake goes to `problems`. */
export function* checkRows(source: PolicyFile, scope: RowScope, problems: ProblemList): Steps<CheckedRows> {
  const { file } = source;
  const { layout, vocabulary } = scope;
  const links = yield* checkLinks(file, yield* source.links(), scope, problems);
  const roles = new Set([ANY_ROLE, ...links.map(([, role]) => role)]);
  const actions = knownActions(vocabulary);
  const byId = new Map<string, PlacedRule>();
  const rules: PlacedRule[] = [];
  const checkCurrency = createCurrencyCheck(vocabulary.currency);
  yield* source.rules(({ line, cells, raw }) => {
    const attempt: Attempt = (column, read) =>
      problems.attempt({ file, line }, (offset) => columnOf(raw, column, offset), read);
    const read = layout.read(cells);
    const row = canonicalRow(read.rule);
    const known = scope.knownRules.get(row);
    const meaning = { ...scope, roles, actions };
    const obligations = known === undefined ? checkMeaning(read, meaning, attempt) : checkKnown(read, meaning, attempt);
    if (obligations !== undefined) attempt(layout.columnOf(5), () => checkCurrency(obligations, read.written[5]));
    const rule = known === undefined ? placeRule(row, line) : moveRule(known, line);
    const other = byId.get(rule.id);
    if (other !== undefined) attempt(0, () => refuseTwin(rule, other));
    byId.set(rule.id, rule);
    rules.push(rule);
  });
  return { rules, links };
}

/** Copied: a part of a text holds on to all of it. */
const linkOf = (member: string, role: string): RoleLink => `${member}, ${role}`.split(', ') as unknown as RoleLink; // two names

/** Runs a check of one cell; what it throws becomes a problem at that cell. */
type Attempt = <Value>(cell: number, read: () => Value) => Value | undefined;

function refuseTwin(rule: PlacedRule, other: PlacedRule): never {
  if (rule.row === other.row) throw new CellError(0, `the same rule stands in line ${other.line}`);
  throw new CellError(0, `the id of this rule is that of line ${other.line}; change either in any cell`);
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

function checkName(cell: string, prefixes: readonly string[]): void {
  const colon = cell.indexOf(':');
  const prefix = cell.slice(0, colon + 1);
  const expected = prefixes.map((known) => `\`${known}NAME\``).join(' or ');
  if (!prefixes.includes(prefix)) {
    const any = cell === '*' ? '; `role:any` is every agent' : '';
    throw new CellError(0, `\`${cell}\` is not a subject here; expected ${expected}${any}`);
  }
  if (!NAME.test(cell.slice(colon + 1)))
    throw new CellError(
      colon + 1,
      `\`${cell.slice(colon + 1)}\` is not a name; expected letters, digits, \`.\` \`_\` \`-\``,
    );
}

function checkSubject(subject: string, meant: string, roles: ReadonlySet<string>): void {
  checkName(subject, ['agent:', 'role:']);
  if (subject.startsWith('role:') && !roles.has(meant)) {
    throw new CellError(
      0,
      `unknown role \`${meant}\`: no \`g\` row gives it to anybody${suggestion(meant, [...roles])}`,
    );
  }
}

function* checkLinks(
  file: string,
  links: readonly Row<readonly string[]>[],
  { layout, vocabulary }: RowScope,
  problems: ProblemList,
): Steps<readonly RoleLink[]> {
  const lines = new Map<string, number>();
  const read: Row<RoleLink>[] = [];
  for (const [index, { line, cells, raw }] of links.entries()) {
    if (index % LINKS_OF_A_STEP === 0) yield;
    const attempt: Attempt = (column, check) =>
      problems.attempt({ file, line }, (offset) => columnOf(raw, column, offset), check);
    const [member = '', role = '', domain] = cells;
    attempt(0, () => checkName(member, ['agent:', 'role:']));
    attempt(1, () => checkName(role, ['role:']));
    if (domain !== undefined) attempt(2, () => checkDomain(domain, vocabulary.environments));
    const text = cells.join(', ');
    const twin = lines.get(text);
    if (twin === undefined) lines.set(text, line);
    else problems.add({ file, line, column: columnOf(raw, 0), message: `the same role is given in line ${twin}` });
    read.push({ line, raw, cells: layout.readLink(cells) });
  }
  yield* checkRoleGraph(read, ({ line, raw }, message) =>
    problems.add({ file, line, column: columnOf(raw, 1), message }),
  );
  return read.map(({ cells: [member, role] }) => linkOf(member, role));
}

function checkDomain(domain: string, environments: readonly string[]): void {
  if (!environments.includes(domain))
    throw new CellError(
      0,
      `unknown domain \`${domain}\`: a domain is an environment${suggestion(domain, environments)}`,
    );
}

interface KnownActions {
  readonly list: readonly string[];
  readonly all: ReadonlySet<string>;
}

function knownActions({ actions }: Vocabulary): KnownActions {
  const capabilities = new Set(actions.map(capabilityOf));
  const list = [...actions, ...[...capabilities].map((name) => `${name}:*`)];
  return { list, all: new Set(list) };
}

function checkAction(action: string, { list, all }: KnownActions): void {
  if (all.has(action)) return;
  if (action === '*')
    throw new CellError(0, '`*` alone is not an action; expected for instance `http:*`, one row for each capability');
  const capability = capabilityOf(action);
  const same = list.filter((known) => capabilityOf(known) === capability);
  const other = suggestion(`${capability}:`, [...new Set(list.map((known) => `${capabilityOf(known)}:`))]);
  throw new CellError(0, `unknown action \`${action}\`${same.length > 0 ? suggestion(action, same) : other}`);
}

interface MeaningScope extends RowScope {
  readonly roles: ReadonlySet<string>;
  readonly actions: KnownActions;
}

/** Checks every cell of a row, in the column where it is written. */
function checkMeaning(
  { written, rule, clauses }: ReadRow,
  scope: MeaningScope,
  attempt: Attempt,
): Obligations | undefined {
  const { layout, vocabulary, compiler, roles, actions } = scope;
  const [subject, action, resource, condition, effect, obligations] = written;
  const isArgument = (name: string): boolean => vocabulary.isArgument(action, resource, name);
  const at = <Value>(cell: number, read: () => Value): Value | undefined =>
    attempt(layout.columnOf(cell), () => {
      layout.check(cell, written[cell] ?? '');
      return read();
    });
  at(0, () => checkSubject(subject, rule[0], roles));
  at(1, () => checkAction(action, actions));
  at(2, () => compiler.resource(resource));
  at(3, () => compiler.condition(condition, isArgument));
  const known = at(4, () => checkEffect(effect));
  for (const own of clauses) attempt(own.column, () => checkClause(own, compiler));
  return known === undefined ? undefined : at(5, () => compiler.obligations(obligations, known));
}

/** The same for a row that was checked before: what depends on others is looked at again, which is who has which role. */
function checkKnown(
  { written, rule }: ReadRow,
  { layout, compiler, roles }: MeaningScope,
  attempt: Attempt,
): Obligations {
  attempt(layout.columnOf(0), () => checkSubject(written[0], rule[0], roles));
  return compiler.obligations(written[5], written[4] === 'deny' ? 'deny' : 'allow');
}

/** A cell that stands for a clause is checked as that clause; what it says is about the cell. */
function checkClause(own: ColumnClause, compiler: CellCompiler): void {
  try {
    checkColumnValue(own);
    compiler.condition(own.clause, () => false);
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
    throw new CellError(Math.max(0, error.offset - own.skip), error.message);
  }
}

function checkEffect(effect: string): RuleEffect {
  if (effect === 'allow' || effect === 'deny') return effect;
  throw new CellError(
    0,
    `\`${effect}\` is not an effect; expected \`allow\` or \`deny\`${suggestion(effect, ['allow', 'deny'])}`,
  );
}
