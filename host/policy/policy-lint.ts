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
import { compileRule, createCellCompiler, ruleLine, type Rule } from './rule.ts';
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
export function lintPolicy(snapshot: PolicySnapshot, nowMs: number, declared?: Declared): readonly LintWarning[] {
  const compiler = createCellCompiler(snapshot.words);
  const placed = snapshot.rules.map((entry, order): LintedRule => {
    const rule = compileRule(entry, compiler);
    return { order, line: entry.line, rule, action: rule.action, pattern: rule.resource.text };
  });
  const index = createRuleIndex(placed);
  const warnings: LintWarning[] = [];
  const gapsOf = createDenyGaps(snapshot, index);
  let cut = false;
  for (const own of placed) {
    const warn = (finding: LintFinding) => warnings.push({ line: own.line, ...finding, rule: own.rule.id });
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
function covers(broad: Rule, narrow: Rule, { roles }: PolicySnapshot): boolean {
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
  const unable = askedOf(rule.obligations).filter((name) => BY_GATES.has(name) && able?.has(name) === false);
  if (unable.length > 0)
    yield {
      message: `no gate of \`${capability}\` can do ${unable.map(spelled).join(', ')}: every request that this row allows is denied`,
      mend: [ruleLine(without(rule.cells, unable))],
    };
}

/** What only gates can do; the rest is done by the pipeline, whatever the gate. */
const BY_GATES: ReadonlySet<string> = new Set(['rows', 'bytes', 'timeoutMs', 'redact']);

/** What a row asks for, each counter by its kind. */
const askedOf = ({ budgets = [], ...rest }: Obligations): readonly string[] => [
  ...new Set([...Object.keys(rest), ...budgets.map(({ kind }) => kind)]),
];

/** The obligations that the gate of a capability can discharge. That the gates say the same is held by a test. */
export const DISCHARGED: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['http', new Set(['timeoutMs', 'bytes'])],
  ['fs', new Set(['bytes'])],
  ['db', new Set(['rows', 'timeoutMs', 'bytes'])],
  ['tool', new Set(['timeoutMs', 'bytes'])],
  ['log', new Set()],
  ['policy', new Set()],
]);

/** The cells of a row without some of its obligations. */
function without([who, action, resource, when, effect, then]: RuleCells, names: readonly string[]): RuleCells {
  const own = names.map((name) => spelled(name).slice(1, -1));
  const kept = then.split(' ').filter((item) => !own.includes(item.split('=')[0] ?? ''));
  return [who, action, resource, when, effect, kept.length === 0 ? '-' : kept.join(' ')];
}

/** What a rule is worth beside the rules that cover it. The gravest only. */
function lintAgainst({ rule, line }: LintedRule, broader: readonly LintedRule[]): LintFinding | undefined {
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
    if (other.rule.effect !== 'allow' || !conditional) continue;
    const others = askedOf(other.rule.obligations);
    const missing = asked.filter((name) => !others.includes(name));
    if (missing.length > 0) {
      const mend = counterRows(rule);
      return {
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

/** Of two rules that cover each other, only the lower one is told that it does nothing. */
const twins = (other: LintedRule, own: Pick<LintedRule, 'rule' | 'line'>): boolean =>
  other.line > own.line &&
  other.rule.subject === own.rule.subject &&
  other.rule.action === own.rule.action &&
  other.rule.resource.text === own.rule.resource.text;

const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['timeoutMs', 'timeout'],
  ['approval', 'approve'],
]);
const spelled = (obligation: string): string => `\`${SPELLINGS.get(obligation) ?? obligation}\``;
