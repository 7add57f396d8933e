import { counterRows, oppositeOf } from './counter-row.ts';
import { askedOf, spelled } from './asked.ts';
import type { LintFinding } from './lint-finding.ts';
import type { GroupedRule, LintBudget, RuleGroup } from './rule-group.ts';
import type { Rule } from './rule.ts';
import type { Steps } from './steps.ts';

/** How many rules are compared in one step. */
const RULES_OF_A_STEP = 128;

/** What a relation is looked for with. */
export interface RelationTerms {
  readonly budget: LintBudget;
  readonly labels: readonly string[];
}

/** What a rule is worth beside the rules of the groups that cover it. The gravest only. `labels`: the least sensitive first. */
export function* relationOf(
  own: GroupedRule,
  covering: readonly RuleGroup[],
  { budget, labels }: RelationTerms,
): Steps<LintFinding | undefined> {
  const denying = firstOf(covering.map((group) => group.always('deny', own)));
  if (own.effect === 'deny')
    return denying !== undefined && !isTwin(denying, own)
      ? { message: `line ${denying.line} denies all of this already` }
      : undefined;
  if (denying !== undefined) return { message: `line ${denying.line} denies everything that this row allows` };
  if (own.conditional && own.asking) {
    const vanishing = yield* vanishingOf(own, covering, { budget, labels });
    // Its condition is a requirement then: nothing is allowed without what it asks for, and it restricts nothing by itself.
    if (vanishing !== undefined) return (yield* isRequired(own, covering, { budget, labels })) ? undefined : vanishing;
  }
  const allowing = firstOf(covering.map((group) => notTwin(group.always('allow', own), own)));
  if (allowing === undefined) return undefined;
  if (own.conditional)
    return {
      message: `line ${allowing.line} allows all of this without a condition: the condition here restricts nothing`,
    };
  return own.asking ? undefined : { message: `line ${allowing.line} allows all of this already` };
}

/** The first allow row, of those that cover a rule, above it. */
export function allowAbove(own: GroupedRule, covering: readonly RuleGroup[]): GroupedRule | undefined {
  const first = firstOf(covering.map(({ allow }) => allow));
  return first !== undefined && first.line < own.line ? first : undefined;
}

/** An obligation for which another row does not ask that allows the same: while the condition is not true, nothing asks. */
function* vanishingOf(
  own: GroupedRule,
  covering: readonly RuleGroup[],
  { budget, labels }: RelationTerms,
): Steps<LintFinding | undefined> {
  let first: { readonly other: GroupedRule; readonly missing: readonly string[] } | undefined;
  for (const group of covering)
    for (const alike of group.byObligations().values()) {
      const [sample] = alike;
      const missing = sample === undefined ? [] : missingIn(sample.rule, own.rule);
      if (missing.length === 0) continue;
      for (const other of alike) {
        if (first !== undefined && other.order > first.other.order) break;
        if (budget.left-- <= 0) break;
        if (budget.left % RULES_OF_A_STEP === 0) yield;
        if (isNarrower(other.rule, own.rule)) continue;
        first = { other, missing };
        break;
      }
    }
  if (first === undefined) return undefined;
  const { other, missing } = first;
  const mend = counterRows(own.rule, labels);
  const binds = missing.some((name) => name !== 'log' && name !== 'alert');
  return {
    ...(binds ? { severity: 'error' } : {}),
    message: `line ${other.line} allows this too, and asks for no ${missing.map(spelled).join(', ')}: while the condition here is not true, nothing asks for it; to require it, write a deny row`,
    ...(mend === undefined ? {} : { mend }),
  };
}

/** Whether rows deny all that a rule covers where one of its clauses does not hold: the rows that the lint proposes. */
function* isRequired(
  own: GroupedRule,
  covering: readonly RuleGroup[],
  { budget, labels }: RelationTerms,
): Steps<boolean> {
  const missing = new Set(own.rule.condition.clauses.map(({ text }) => oppositeOf(text, labels)));
  for (const { denies, rules } of covering) {
    if (!denies) continue;
    for (const other of rules) {
      if (missing.size === 0) return true;
      if (budget.left-- <= 0) return false;
      if (budget.left % RULES_OF_A_STEP === 0) yield;
      if (other.effect !== 'deny' || !other.conditional) continue;
      const [only, ...more] = other.rule.condition.clauses;
      if (only !== undefined && more.length === 0) missing.delete(only.text);
    }
  }
  return missing.size === 0;
}

/** What a rule asks for and another does not. Of detectors, each counts. */
const missingIn = (other: Rule, own: Rule): readonly string[] =>
  askedOf(own.obligations).filter((name) => !asksFor(name, other, own));

function asksFor(name: string, { obligations }: Rule, { obligations: { redact = [] } }: Rule): boolean {
  if (!askedOf(obligations).includes(name)) return false;
  return name !== 'redact' || redact.every((detector) => obligations.redact?.includes(detector) === true);
}

/** Whether one rule matches only while the condition of the other is true, because it has the same clauses. */
const isNarrower = (one: Rule, other: Rule): boolean =>
  other.condition.clauses.every(({ text }) => one.condition.clauses.some((clause) => clause.text === text));

/** Of two rules that cover each other, only the lower one is told that it does nothing. */
const isTwin = (other: GroupedRule, own: GroupedRule): boolean => other.group === own.group && other.line > own.line;

const notTwin = (other: GroupedRule | undefined, own: GroupedRule): GroupedRule | undefined =>
  other === undefined || isTwin(other, own) ? undefined : other;

const firstOf = (rules: readonly (GroupedRule | undefined)[]): GroupedRule | undefined =>
  rules.reduce((first, rule) => (first === undefined || (rule && rule.order < first.order) ? rule : first), undefined);
