import type { Obligations } from '../contracts/decision.ts';
import { CellError } from './cell-error.ts';
import { columnOf, type PolicyFile, type Row, type RuleCells } from './policy-file.ts';
import { createCurrencyCheck } from './one-currency.ts';
import type { ProblemList } from './problem-list.ts';
import { ANY_ROLE, checkRoleGraph, type RoleLink } from './role-graph.ts';
import { canonicalRow, placeRule, type CellCompiler, type PlacedRule, type RuleEffect } from './rule.ts';
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

/** Checks what the cells of a policy mean. Every mistake goes to `problems`. */
export function* checkRows(
  source: PolicyFile,
  vocabulary: Vocabulary,
  compiler: CellCompiler,
  problems: ProblemList,
): Steps<CheckedRows> {
  const { file } = source;
  const links = yield* source.links();
  yield* checkLinks(file, links, problems);
  const roles = new Set([ANY_ROLE, ...links.map(({ cells }) => cells[1])]);
  const actions = knownActions(vocabulary);
  const byId = new Map<string, PlacedRule>();
  const rules: PlacedRule[] = [];
  const checkCurrency = createCurrencyCheck();
  yield* source.rules(({ line, cells, raw }) => {
    const attempt: Attempt = (cell, read) =>
      problems.attempt({ file, line }, (offset) => columnOf(raw, cell, offset), read);
    attempt(0, () => checkSubject(cells[0], roles));
    attempt(1, () => checkAction(cells[1], actions));
    const obligations = checkMeaning(cells, vocabulary, compiler, attempt);
    if (obligations !== undefined) attempt(5, () => checkCurrency(obligations, cells[5]));
    const rule = placeRule(canonicalRow(cells), line);
    const other = byId.get(rule.id);
    if (other !== undefined) attempt(0, () => refuseTwin(rule, other));
    byId.set(rule.id, rule);
    rules.push(rule);
  });
  return { rules, links: links.map(({ cells: [member, role] }) => linkOf(member, role)) };
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

function checkSubject(subject: string, roles: ReadonlySet<string>): void {
  checkName(subject, ['agent:', 'role:']);
  if (subject.startsWith('role:') && !roles.has(subject)) {
    throw new CellError(
      0,
      `unknown role \`${subject}\`: no \`g\` row gives it to anybody${suggestion(subject, [...roles])}`,
    );
  }
}

function* checkLinks(file: string, links: readonly Row<RoleLink>[], problems: ProblemList): Steps<void> {
  const lines = new Map<string, number>();
  for (const [index, { line, cells, raw }] of links.entries()) {
    if (index % LINKS_OF_A_STEP === 0) yield;
    const attempt: Attempt = (cell, read) =>
      problems.attempt({ file, line }, (offset) => columnOf(raw, cell, offset), read);
    const [member, role] = cells;
    attempt(0, () => checkName(member, ['agent:', 'role:']));
    attempt(1, () => checkName(role, ['role:']));
    const text = cells.join(', ');
    const twin = lines.get(text);
    if (twin === undefined) lines.set(text, line);
    else problems.add({ file, line, column: columnOf(raw, 0), message: `the same role is given in line ${twin}` });
  }
  yield* checkRoleGraph(links, ({ line, raw }, message) =>
    problems.add({ file, line, column: columnOf(raw, 1), message }),
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

/** Checks the cells from resource to obligations. */
function checkMeaning(
  cells: RuleCells,
  vocabulary: Vocabulary,
  compiler: CellCompiler,
  attempt: Attempt,
): Obligations | undefined {
  const [, action, resource, condition, effect, obligations] = cells;
  attempt(2, () => compiler.resource(resource));
  attempt(3, () => compiler.condition(condition, (name) => vocabulary.isArgument(action, resource, name)));
  const known = attempt(4, () => checkEffect(effect));
  return known === undefined ? undefined : attempt(5, () => compiler.obligations(obligations, known));
}

function checkEffect(effect: string): RuleEffect {
  if (effect === 'allow' || effect === 'deny') return effect;
  throw new CellError(
    0,
    `\`${effect}\` is not an effect; expected \`allow\` or \`deny\`${suggestion(effect, ['allow', 'deny'])}`,
  );
}
