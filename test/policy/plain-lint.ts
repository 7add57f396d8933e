import { askedOf } from '../../host/policy/asked.ts';
import { createDenyGaps } from '../../host/policy/deny-gap.ts';
import type { LintedRule } from '../../host/policy/lint-finding.ts';
import type { PolicySnapshot } from '../../host/policy/policy-snapshot.ts';
import { coversResource, matchesResource } from '../../host/policy/resource-pattern.ts';
import { splitCanonical } from '../../host/policy/resource-parts.ts';
import { ANY_ROLE } from '../../host/policy/role-graph.ts';
import { compileRule, createCellCompiler, type Rule } from '../../host/policy/rule.ts';
import { actionMatches } from '../../host/policy/vocabulary.ts';

/** What the lint says of rules beside each other, in a few words, by holding each against every other one. */
export function plainFindings(snapshot: PolicySnapshot): readonly string[] {
  const compiler = createCellCompiler(snapshot.words);
  const rules = snapshot.rules.map((placed, order): LintedRule => ({
    order,
    line: placed.line,
    rule: compileRule(placed, compiler),
  }));
  const gapsOf = createDenyGaps(snapshot.actions, (own, action, resource) => {
    const parts = splitCanonical(resource);
    const met = rules.filter(
      ({ rule }) =>
        parts !== undefined &&
        actionMatches(action, rule.action) &&
        matchesResource(rule.resource, parts) &&
        share(snapshot, rule.subject, own.subject),
    );
    return met.some(({ rule }) => rule.effect === 'deny') ? undefined : met[0];
  });
  let cut = false;
  return rules.flatMap((own) => {
    const broader = rules.filter((other) => other !== own && covers(other.rule, own.rule, snapshot));
    const found = [...gapsOf(own)].map(({ message }) => message);
    found.push(...relation(own, broader));
    const above = broader.find(({ rule, line }) => rule.effect === 'allow' && line < own.line);
    if (!cut && own.rule.effect === 'deny' && above !== undefined) {
      found.push(`below line ${above.line}`);
      cut = true;
    }
    return found.map((message) => `${own.line}: ${message}`);
  });
}

/** Whether some agent has both subjects; of agents that no row names, there is one more. */
function share({ subjects, links, roles }: PolicySnapshot, one: string, other: string): boolean {
  const agents = [...subjects, ...links.map(([member]) => member), 'agent:?'].filter((name) =>
    name.startsWith('agent:'),
  );
  if (one === other || one === ANY_ROLE || other === ANY_ROLE) return true;
  return agents.some((agent) => [one, other].every((subject) => roles.closure(agent).includes(subject)));
}

function covers(broad: Rule, narrow: Rule, { roles }: PolicySnapshot): boolean {
  const subject = broad.subject === ANY_ROLE || roles.closure(narrow.subject).includes(broad.subject);
  return subject && actionMatches(narrow.action, broad.action) && coversResource(broad.resource, narrow.resource);
}

function relation({ rule, line }: LintedRule, broader: readonly LintedRule[]): string[] {
  const isTwin = (other: LintedRule): boolean =>
    other.line > line && [0, 1, 2].every((cell) => other.rule.cells[cell] === rule.cells[cell]);
  const always = broader.filter((other) => other.rule.condition.clauses.length === 0);
  const denying = always.find((other) => other.rule.effect === 'deny');
  if (rule.effect === 'deny') return denying === undefined || isTwin(denying) ? [] : [`denied by ${denying.line}`];
  if (denying !== undefined) return [`denied by ${denying.line}`];
  const conditional = rule.condition.clauses.length > 0;
  const clauses = ({ condition }: Rule): string[] => condition.clauses.map(({ text }) => text);
  const required = clauses(rule).every((text) =>
    broader.some(({ rule: other }) => other.effect === 'deny' && clauses(other).join(' ') === negated(text)),
  );
  for (const { rule: other, line: place } of broader) {
    if (other.effect !== 'allow' || !conditional) continue;
    if (clauses(rule).every((text) => clauses(other).includes(text))) continue;
    const redacted = other.obligations.redact ?? [];
    const missing = askedOf(rule.obligations).filter(
      (name) =>
        !askedOf(other.obligations).includes(name) ||
        (name === 'redact' && rule.obligations.redact?.some((detector) => !redacted.includes(detector))),
    );
    if (missing.length > 0) return required ? [] : [`${missing.join()} vanish by ${place}`];
  }
  const allowing = always.find((other) => other.rule.effect === 'allow' && !isTwin(other));
  if (allowing === undefined) return [];
  if (conditional) return [`condition void by ${allowing.line}`];
  return askedOf(rule.obligations).length === 0 ? [`allowed by ${allowing.line}`] : [];
}

/** Of the clauses `NAME=VALUE` and `NAME!=VALUE`, the other one. */
const negated = (text: string): string => (text.includes('!=') ? text.replace('!=', '=') : text.replace('=', '!='));
