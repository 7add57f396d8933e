import type { LintedRule } from './lint-finding.ts';
import { asWritten, covers, lintAgainst, type LintWarning } from './policy-lint.ts';
import type { PolicySnapshot } from './policy-snapshot.ts';
import { createRuleIndex, type Indexed } from './rule-index.ts';
import { ANY_ROLE } from './role-graph.ts';
import { compileRule, createCellCompiler, type PlacedRule } from './rule.ts';

interface Entry extends Indexed {
  readonly placed: PlacedRule;
  linted: LintedRule | undefined;
}

/** Rows are held against each other no more often than this: a grant that is gone must not wait for long. */
const MOST_COMPARISONS = 2_000_000;

/**
 * What of `lintPolicy` are errors, and no more: rows whose obligations can vanish. It looks only at rows that could have one,
 * so that a policy of many rows is put in force at once. The whole is for `policy check`.
 */
export function lintErrors(snapshot: PolicySnapshot): readonly LintWarning[] {
  const entries = snapshot.rules.map((placed, order): Entry => {
    const [, action, pattern] = placed.cells;
    return { order, action, pattern, placed, linted: undefined };
  });
  const asking = entries.filter(({ placed }) => couldVanish(placed));
  if (asking.length === 0) return [];
  const compiler = createCellCompiler(snapshot.words);
  const index = createRuleIndex(entries);
  const lintedOf = (entry: Entry): LintedRule => {
    const { order, action, pattern, placed } = entry;
    return (entry.linted ??= { order, action, pattern, line: placed.line, rule: compileRule(placed, compiler) });
  };
  const errors: LintWarning[] = [];
  let comparisons = 0;
  for (const entry of asking) {
    const own = lintedOf(entry);
    const subjects = new Set([...snapshot.roles.closure(own.rule.subject), ANY_ROLE]);
    const broader: LintedRule[] = [];
    for (const other of new Set(index.candidates(own.action, own.rule.resource.parts))) {
      if (++comparisons > MOST_COMPARISONS) return errors;
      if (other === entry || !subjects.has(other.placed.cells[0])) continue;
      const linted = lintedOf(other);
      if (covers(linted.rule, own.rule, snapshot)) broader.push(linted);
    }
    const finding = lintAgainst(own, broader);
    if (finding?.severity === 'error')
      errors.push({ line: own.line, ...asWritten(snapshot, finding), rule: own.rule.id });
  }
  return errors;
}

/** An allow row that asks for something, and only under a condition. */
const couldVanish = ({ cells: [, , , when, effect, then] }: PlacedRule): boolean =>
  effect === 'allow' && when !== '-' && then !== '-';
