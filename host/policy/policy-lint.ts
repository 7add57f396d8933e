import type { PolicySnapshot } from './policy-snapshot.ts';
import { coversResource } from './resource-pattern.ts';
import { createRuleIndex, type Indexed } from './rule-index.ts';
import { ANY_ROLE } from './role-graph.ts';
import { compileRule, createCellCompiler, type Rule } from './rule.ts';
import { actionMatches, capabilityOf } from './vocabulary.ts';

/** Something that is allowed in a policy and is probably not what was meant. */
export interface LintWarning {
  readonly line: number;
  readonly message: string;
  /** The id of the rule. */
  readonly rule: string;
}

interface Placed extends Indexed {
  readonly line: number;
  readonly rule: Rule;
}

/** Warns of rules that never match, that do nothing, that contradict each other, or that promise more than they hold. */
export function lintPolicy(snapshot: PolicySnapshot, nowMs: number): readonly LintWarning[] {
  const compiler = createCellCompiler(snapshot.words);
  const placed = snapshot.rules.map((entry, order): Placed => {
    const rule = compileRule(entry, compiler);
    return { order, line: entry.line, rule, action: rule.action, pattern: rule.resource.text };
  });
  const index = createRuleIndex(placed);
  const warnings: LintWarning[] = [];
  let cut = false;
  for (const own of placed) {
    const warn = (message: string) => warnings.push({ line: own.line, message, rule: own.rule.id });
    for (const message of lintRule(own.rule, nowMs)) warn(message);
    // A pattern with a wildcard in its host is found as what it says and as what it covers.
    const near = new Set(index.candidates(own.rule.action, own.rule.resource.parts));
    const broader = [...near].filter((other) => other !== own && covers(other.rule, own.rule, snapshot));
    const relation = lintAgainst(own, broader);
    if (relation !== undefined) warn(relation);
    if (!cut && own.rule.effect === 'deny') {
      const above = broader.find(({ rule, line }) => rule.effect === 'allow' && line < own.line);
      if (above !== undefined)
        warn(
          `this deny row stands below line ${above.line}, which it narrows: a file that is cut between them allows more; write deny rows first`,
        );
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

function* lintRule(rule: Rule, nowMs: number): Generator<string> {
  const expired = rule.condition.clauses.find(({ expiresMs }) => expiresMs !== undefined && expiresMs <= nowMs);
  if (expired !== undefined) yield `\`${expired.text}\` is past: this row never matches again`;
  const capability = capabilityOf(rule.action);
  if (RESOURCE_FORMS.get(capability)?.test(rule.resource.text) === false) {
    yield `this row never matches: no \`${capability}\` request has a resource like \`${rule.resource.text}\``;
  }
}

/** What a rule is worth beside the rules that cover it. The gravest only. */
function lintAgainst({ rule, line }: Placed, broader: readonly Placed[]): string | undefined {
  const always = broader.filter((other) => other.rule.condition.clauses.length === 0);
  const denying = always.find((other) => other.rule.effect === 'deny');
  if (rule.effect === 'deny')
    return denying && !twins(denying, { rule, line }) ? `line ${denying.line} denies all of this already` : undefined;
  if (denying !== undefined) return `line ${denying.line} denies everything that this row allows`;
  const conditional = rule.condition.clauses.length > 0;
  const asked = Object.keys(rule.obligations);
  for (const other of broader) {
    if (other.rule.effect !== 'allow' || !conditional) continue;
    const missing = asked.filter((name) => !Object.hasOwn(other.rule.obligations, name));
    if (missing.length > 0) {
      return `line ${other.line} allows this too, and asks for no ${missing.map(spelled).join(', ')}: while the condition here is not true, nothing asks for it; to require it, write a deny row`;
    }
  }
  const allowing = always.find((other) => other.rule.effect === 'allow' && !twins(other, { rule, line }));
  if (allowing === undefined) return undefined;
  if (conditional)
    return `line ${allowing.line} allows all of this without a condition: the condition here restricts nothing`;
  return asked.length === 0 ? `line ${allowing.line} allows all of this already` : undefined;
}

/** Of two rules that cover each other, only the lower one is told that it does nothing. */
const twins = (other: Placed, own: Pick<Placed, 'rule' | 'line'>): boolean =>
  other.line > own.line &&
  other.rule.subject === own.rule.subject &&
  other.rule.action === own.rule.action &&
  other.rule.resource.text === own.rule.resource.text;

const spelled = (obligation: string): string => `\`${obligation === 'timeoutMs' ? 'timeout' : obligation}\``;
