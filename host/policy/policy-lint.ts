import { askedOf, spelled } from './asked.ts';
import { lintBreadth, lintDeclared, type Declared } from './breadth.ts';
import { createDenyGaps, createFindAllowing } from './deny-gap.ts';
import type { LintFinding } from './lint-finding.ts';
import { codeOf, findLookAlike } from './look-alike.ts';
import type { RuleCells } from './policy-file.ts';
import type { PolicySnapshot } from './policy-snapshot.ts';
import { groupRules, type GroupedRule, type LintBudget } from './rule-group.ts';
import { allowAbove, relationOf } from './rule-relation.ts';
import { cellsOf, ruleLine, type Rule } from './rule.ts';
import { finish, finishGradually, type Pace, type Steps } from './steps.ts';
import { capabilityOf } from './vocabulary.ts';

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

/**
 * Rules are held against each other no more often than this. Those that can concern a rule are found by their subjects and
 * resources, so that policies need a few comparisons a row; only such as are made for it need more.
 */
export const MOST_COMPARISONS = 5_000_000;

function* lintSteps(...[snapshot, nowMs, declared]: LintTerms): Steps<readonly LintWarning[]> {
  const { rules, index, covering } = yield* groupRules(snapshot);
  const warnings: LintWarning[] = [];
  const budget: LintBudget = { left: MOST_COMPARISONS };
  const gapsOf = createDenyGaps(snapshot.actions, createFindAllowing(snapshot, index, budget));
  let cut = false;
  let spentAt: GroupedRule | undefined;
  for (const own of rules) {
    if (own.order % RULES_OF_A_STEP === 0) yield;
    const warn = (finding: LintFinding) =>
      warnings.push({ line: own.line, ...asWritten(snapshot, finding), rule: own.rule.id });
    const alone = [lintRule(own.rule, nowMs), lintDeclared(own, declared), lintBreadth(own, declared), gapsOf(own)];
    for (const findings of alone) for (const finding of findings) warn(finding);
    const broader = yield* covering(own.group, budget);
    const relation = yield* relationOf(own, broader, { budget, labels: snapshot.words.labels });
    if (relation !== undefined) warn(relation);
    if (!cut && own.effect === 'deny') {
      const above = allowAbove(own, broader);
      if (above !== undefined)
        warn({
          message: `this deny row stands below line ${above.line}, which it narrows: a file that is cut between them allows more; write deny rows first`,
        });
      cut = above !== undefined;
    }
    if (budget.left <= 0) spentAt ??= own;
  }
  if (spentAt !== undefined)
    warnings.push({
      line: spentAt.line,
      message: `the rows from here on were not held against all others: that would take more than ${MOST_COMPARISONS} comparisons`,
      rule: spentAt.rule.id,
    });
  return warnings;
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
  const alike = findLookAlike(rule.cells.join(' '));
  if (alike !== undefined)
    yield {
      message: `\`${alike.letter}\` in \`${alike.word}\` is ${codeOf(alike.letter)}, which a reader takes for another letter`,
    };
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
