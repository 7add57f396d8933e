import { asWritten, MOST_COMPARISONS, type LintWarning } from './policy-lint.ts';
import type { PolicySnapshot } from './policy-snapshot.ts';
import { groupRules, type LintBudget } from './rule-group.ts';
import { relationOf } from './rule-relation.ts';
import { finish, type Steps } from './steps.ts';

/**
 * What of `lintPolicy` are errors, and no more: rows whose obligations can vanish. It looks only at rows that could have one,
 * so that a policy of many rows is put in force at once. The whole is for `policy check`.
 */
export const lintErrors = (snapshot: PolicySnapshot): readonly LintWarning[] => finish(lintErrorSteps(snapshot));

/** The same, with pauses. */
export function* lintErrorSteps(snapshot: PolicySnapshot): Steps<readonly LintWarning[]> {
  if (!(yield* someCouldVanish(snapshot))) return [];
  const { rules, covering } = yield* groupRules(snapshot);
  const budget: LintBudget = { left: MOST_COMPARISONS };
  const terms = { budget, labels: snapshot.words.labels };
  const errors: LintWarning[] = [];
  for (const [index, own] of rules.entries()) {
    if (index % RULES_OF_A_STEP === 0) yield;
    // An allow row that asks for something, and only under a condition.
    if (own.effect !== 'allow' || !own.conditional || !own.asking) continue;
    const finding = yield* relationOf(own, yield* covering(own.group, budget), terms);
    if (finding?.severity === 'error')
      errors.push({ line: own.line, ...asWritten(snapshot, finding), rule: own.rule.id });
  }
  return errors;
}

/** How many rows are looked at in one step. */
const RULES_OF_A_STEP = 64;

/** What only tells: that it vanishes is no error. */
const TELLS = /^(?:log|alert)=/;

/** Most policies have no such row: then nothing needs to be grouped. */
function* someCouldVanish({ rules }: PolicySnapshot): Steps<boolean> {
  for (const [index, { row }] of rules.entries()) {
    if (index % RULES_OF_A_STEP === 0) yield;
    if (row.endsWith(', -')) continue;
    const [, , , when, effect, then = ''] = row.split(', ');
    if (effect === 'allow' && when !== '-' && then.split(' ').some((item) => !TELLS.test(item))) return true;
  }
  return false;
}
