import type { Obligations } from '../contracts/decision.ts';
import { lintBreadth, lintDeclared, type Declared } from './breadth.ts';
import { counterRows } from './counter-row.ts';
import { createDenyGaps } from './deny-gap.ts';
import type { LintedRule, LintFinding } from './lint-finding.ts';
import type { RuleCells } from './policy-file.ts';
import type { PolicySnapshot } from './policy-snapshot.ts';
import { coversResource } from './resource-pattern.ts';
import { createRuleIndex } from './rule-index.ts';
import { ANY_ROLE } from './role-graph.ts';
import { cellsOf, compileRule, createCellCompiler, ruleLine, type Rule } from './rule.ts';
import { finish, finishGradually, type Pace, type Steps } from './steps.ts';
import { actionMatches, capabilityOf } from './vocabulary.ts';

/** A finding, and the row that it is about. */
export interface LintWarning extends LintFinding {
  readonly line: number;
  /** The id of the rule. */
  readonly rule: string;
}

/**
 * Warns of rules that never match, that do nothing, that contradict each other, that promise more than they hold, or
 * that let more through than a reader sees. What the configuration declares makes it tell more.
 */
export const lintPolicy = (...terms: LintTerms): readonly LintWarning[] => finish(lintSteps(...terms));

/** The same, beside everything else that the thread does. */
export const lintPolicyGradually = (pace: Pace, ...terms: LintTerms): Promise<readonly LintWarning[]> =>
  finishGradually(lintSteps(...terms), pace);

type LintTerms = readonly [snapshot: PolicySnapshot, nowMs: number, declared?: Declared | undefined];

/** A finding with the rows that it proposes as the file would have them, or without them. */
export function asWritten({ layout }: PolicySnapshot, { mend, ...finding }: LintFinding): LintFinding {
  const rows = mend?.map((row) => layout.write(cellsOf(row.slice('p, '.length))));
  return rows?.every((row) => row !== undefined) === true ? { ...finding, mend: rows } : finding;
}

/** How many rules are looked at in one step. */
const RULES_OF_A_STEP = 16;

function* lintSteps(...[snapshot, nowMs, declared]: LintTerms): Steps<readonly LintWarning[]> {
  const compiler = createCellCompiler(snapshot.words);
  const placed: LintedRule[] = [];
  for (const [order, entry] of snapshot.rules.entries()) {
    if (order % RULES_OF_A_STEP === 0) yield;
    const rule = compileRule(entry, compiler);
    placed.push({ order, line: entry.line, rule, action: rule.action, pattern: rule.resource.text });
  }
  const index = createRuleIndex(placed);
  yield* index.grow();
  const warnings: LintWarning[] = [];
  const gapsOf = createDenyGaps(snapshot, index);
  let cut = false;
  for (const own of placed) {
    if (own.order % RULES_OF_A_STEP === 0) yield;
    const warn = (finding: LintFinding) =>
      warnings.push({ line: own.line, ...asWritten(snapshot, finding), rule: own.rule.id });
    const alone = [lintRule(own.rule, nowMs), lintDeclared(own, declared), lintBreadth(own, declared), gapsOf(own)];
    for (const findings of alone) for (const finding of findings) warn(finding);
    // A pattern with a wildcard in its host is found as what it says and as what it covers.
    const near = new Set(index.candidates(own.rule.action, own.rule.resource.parts));
    const broader = [...near].filter((other) => other !== own && covers(other.rule, own.rule, snapshot));
    const relation = lintAgainst(own, broader);
    if (relation !== undefined) warn(relation);
    if (!cut && own.rule.effect === 'deny') {
      const above = broader.find(({ rule, line }) => rule.effect === 'allow' && line < own.line);
      if (above !== undefined)
        warn({
          message: `this deny row stands below line ${above.line}, which it narrows: a file that is cut between them allows more; write deny rows first`,
        });
      cut = above !== undefined;
    }
  }
  return warnings;
}

/** Whether wherever `narrow` could match, by subject, action and resource, `broad` could too. */
export function covers(broad: Rule, narrow: Rule, { roles }: PolicySnapshot): boolean {
  const subject = broad.subject === ANY_ROLE || roles.closure(narrow.subject).includes(broad.subject);
  return subject && actionMatches(narrow.action, broad.action) && coversResource(broad.resource, narrow.resource);
}

/** How the resources of a capability begin. One that is not listed may have any. */
const RESOURCE_FORMS: ReadonlyMap<string, RegExp> = new Map([
  ['http', /^https?:/],
  ['fs', /^\//],
  ['db', /^db:/],
  ['tool', /^tool:/],
  ['log', /^log:/],
  ['policy', /^policy:/],
]);

function* lintRule(rule: Rule, nowMs: number): Generator<LintFinding> {
  const expired = rule.condition.clauses.find(({ expiresMs }) => expiresMs !== undefined && expiresMs <= nowMs);
  if (expired !== undefined) yield { message: `\`${expired.text}\` is past: this row never matches again` };
  const capability = capabilityOf(rule.action);
  if (RESOURCE_FORMS.get(capability)?.test(rule.resource.text) === false) {
    yield {
      message: `this row never matches: no \`${capability}\` request has a resource like \`${rule.resource.text}\``,
    };
  }
  const able = DISCHARGED.get(capability);
  const unable = askedOf(rule.obligations).filter(
    (name) => (BY_GATES.has(name) && able?.has(name) === false) || (name === 'approval' && !WAITING.has(capability)),
  );
  if (unable.length > 0)
    yield {
      message: `no gate of \`${capability}\` can do ${unable.map(spelled).join(', ')}: every request that this row allows is denied`,
      mend: [ruleLine(without(rule.cells, unable))],
    };
}

/** The capabilities whose calls can wait for a person. A guest that logs, or asks what it may do, is answered at once. */
const WAITING: ReadonlySet<string> = new Set(['http', 'fs', 'db', 'tool']);

/** What only gates can do; the rest is done by the pipeline, whatever the gate. */
const BY_GATES: ReadonlySet<string> = new Set(['rows', 'bytes', 'timeoutMs', 'redact']);

/** What a row asks for, each counter by its kind. */
const askedOf = ({ budgets = [], ...rest }: Obligations): readonly string[] => [
  ...new Set([...Object.keys(rest), ...budgets.map(({ kind }) => kind)]),
];

/** The obligations that the gate of a capability can discharge. That the gates say the same is held by a test. */
export const DISCHARGED: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['http', new Set(['timeoutMs', 'redact', 'bytes'])],
  ['fs', new Set(['redact', 'bytes'])],
  ['db', new Set(['rows', 'timeoutMs', 'redact', 'bytes'])],
  ['tool', new Set(['timeoutMs', 'redact', 'bytes'])],
  ['log', new Set()],
  ['policy', new Set()],
]);

/** The cells of a row without some of its obligations. */
function without([who, action, resource, when, effect, then]: RuleCells, names: readonly string[]): RuleCells {
  const own = names.flatMap((name) => [spelled(name).slice(1, -1), ...(name === 'approval' ? ['ttl'] : [])]);
  const kept = then.split(' ').filter((item) => !own.includes(item.split('=')[0] ?? ''));
  return [who, action, resource, when, effect, kept.length === 0 ? '-' : kept.join(' ')];
}

/** What a rule is worth beside the rules that cover it. The gravest only. */
export function lintAgainst({ rule, line }: LintedRule, broader: readonly LintedRule[]): LintFinding | undefined {
  const always = broader.filter((other) => other.rule.condition.clauses.length === 0);
  const denying = always.find((other) => other.rule.effect === 'deny');
  if (rule.effect === 'deny')
    return denying && !twins(denying, { rule, line })
      ? { message: `line ${denying.line} denies all of this already` }
      : undefined;
  if (denying !== undefined) return { message: `line ${denying.line} denies everything that this row allows` };
  const conditional = rule.condition.clauses.length > 0;
  const asked = askedOf(rule.obligations);
  for (const other of broader) {
    if (other.rule.effect !== 'allow' || !conditional || isNarrower(other.rule, rule)) continue;
    const missing = asked.filter((name) => !asksFor(name, other.rule, rule));
    if (missing.length > 0) {
      const mend = counterRows(rule);
      const binds = missing.some((name) => name !== 'log' && name !== 'alert');
      return {
        ...(binds ? { severity: 'error' } : {}),
        message: `line ${other.line} allows this too, and asks for no ${missing.map(spelled).join(', ')}: while the condition here is not true, nothing asks for it; to require it, write a deny row`,
        ...(mend === undefined ? {} : { mend }),
      };
    }
  }
  const allowing = always.find((other) => other.rule.effect === 'allow' && !twins(other, { rule, line }));
  if (allowing === undefined) return undefined;
  if (conditional)
    return {
      message: `line ${allowing.line} allows all of this without a condition: the condition here restricts nothing`,
    };
  return asked.length === 0 ? { message: `line ${allowing.line} allows all of this already` } : undefined;
}

/** Whether a rule asks for all that another one asks for under this name. Of detectors, for each. */
function asksFor(name: string, { obligations }: Rule, { obligations: { redact = [] } }: Rule): boolean {
  if (!askedOf(obligations).includes(name)) return false;
  return name !== 'redact' || redact.every((detector) => obligations.redact?.includes(detector) === true);
}

/** Whether one rule matches only while the condition of the other is true, because it has the same clauses. */
const isNarrower = (one: Rule, other: Rule): boolean =>
  other.condition.clauses.every(({ text }) => one.condition.clauses.some((clause) => clause.text === text));

/** Of two rules that cover each other, only the lower one is told that it does nothing. */
const twins = (other: LintedRule, own: Pick<LintedRule, 'rule' | 'line'>): boolean =>
  other.line > own.line &&
  other.rule.subject === own.rule.subject &&
  other.rule.action === own.rule.action &&
  other.rule.resource.text === own.rule.resource.text;

/** Obligations whose item has another name. */
const ITEM_NAMES: ReadonlyMap<string, string> = new Map([
  ['timeoutMs', 'timeout'],
  ['approval', 'approve'],
]);

const spelled = (obligation: string): string => `\`${ITEM_NAMES.get(obligation) ?? obligation}\``;
