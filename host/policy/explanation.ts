import type { Decision } from '../contracts/decision.ts';
import type { DecisionContext } from '../contracts/decision-point.ts';
import type { Access } from '../contracts/request.ts';
import type { ConditionInput, Verdict } from './conditions/clause.ts';
import { rowAsWritten } from './model/row-layout.ts';
import { findClause, findingText, resourceMismatch, type ClauseFinding } from './mismatch.ts';
import { mayMatch, mostNear, nearness } from './nearness.ts';
import { proposeRow, type Proposal } from './row-proposal.ts';
import { allowedBy } from './obligations/allowed-by.ts';
import { askedByDenial } from './obligations/denied-by.ts';
import type { PolicySnapshot } from './policy-snapshot.ts';
import { matchesResource } from './resource-pattern.ts';
import { splitCanonical, type ResourceParts } from './resource-parts.ts';
import { compileRule, createCellCompiler, type PlacedRule, type Rule } from './rule.ts';
import { actionMatches } from './vocabulary.ts';

/** A rule as an explanation shows it. */
export interface ExplainedRule {
  readonly id: string;
  readonly line: number;
  /** The row as its file has it, in canonical spelling. */
  readonly row: string;
  readonly effect: 'allow' | 'deny';
  /** Every clause of its condition, with what it says now and what it saw. */
  readonly clauses: readonly ClauseFinding[];
}

/** An allow row that does not match, and the one thing that keeps it from matching. */
export interface NearMiss extends ExplainedRule {
  readonly differs: 'condition' | 'principal' | 'action' | 'resource';
  /** The part that does not fit, in words. */
  readonly why: string;
}

/** Why one access is allowed or denied, for the operator. Never shown to a guest. */
export interface Explanation extends Proposal {
  readonly agent: string;
  readonly roles: readonly string[];
  readonly action: string;
  readonly resource: string;
  /** What the decision point answers. */
  readonly decision: Decision;
  /** Every rule that matches, in the order of the file. */
  readonly matched: readonly ExplainedRule[];
  /** Where no row allows it: the rows that nearly do, the nearest first; at most a handful of each kind. */
  readonly near: readonly NearMiss[];
}

/** Explains accesses under one policy. It compiles the rules that an access meets, and those that it shows. */
export interface Explainer {
  explain(agent: string, access: Access, context: DecisionContext): Explanation;
}

/** How many near misses of one kind are shown. */
const MAX_NEAR = 5;

/** A rule that an access meets by its resource, held against the rest of it. */
interface Held {
  readonly rule: Rule;
  readonly line: number;
  readonly subject: boolean;
  readonly action: boolean;
  /** Whether its condition lets it match: what cannot be decided does not allow, and does deny. */
  readonly condition: boolean;
}

/** Makes the explainer of a policy. */
export function createExplainer(snapshot: PolicySnapshot): Explainer {
  const compiler = createCellCompiler(snapshot.words);
  const explained = createShow(snapshot);
  const compiled = new Map<PlacedRule, Rule>();
  function ruleOf(placed: PlacedRule): Rule {
    const rule = compiled.get(placed) ?? compileRule(placed, compiler);
    compiled.set(placed, rule);
    return rule;
  }

  /** Every rule whose resource is that of the access, in the order of the file. */
  function meet(agent: string, access: Access, parts: ResourceParts, input: ConditionInput): readonly Held[] {
    const subjects = new Set(snapshot.roles.closure(agent));
    return snapshot.rules
      .filter(({ cells: [, , pattern] }) => mayMatch(pattern, parts))
      .map((placed) => ({ rule: ruleOf(placed), line: placed.line }))
      .filter(({ rule }) => matchesResource(rule.resource, parts))
      .map(({ rule, line }) => ({
        rule,
        line,
        subject: subjects.has(rule.subject),
        action: actionMatches(access.action, rule.action),
        condition: matches(rule, rule.condition.test(input)),
      }));
  }

  /** The allow rows of the agent for this action whose resource is another one. */
  function elsewhere(agent: string, access: Access, parts: ResourceParts, met: readonly Held[]): readonly PlacedRule[] {
    const known = new Set(met.map(({ rule }) => rule.id));
    return mostNear(snapshot.rulesFor(agent), MAX_NEAR, ({ id, cells }) => {
      const [, action, pattern, , effect] = cells;
      if (effect !== 'allow' || known.has(id) || !actionMatches(access.action, action)) return 0;
      return nearness(pattern, parts);
    });
  }

  function nearMisses(
    agent: string,
    access: Access,
    parts: ResourceParts,
    input: ConditionInput,
    met: readonly Held[],
  ) {
    const allowing = met.filter(({ rule }) => rule.effect === 'allow');
    const some = (those: readonly Held[], differs: NearMiss['differs'], why: (held: Held) => string): NearMiss[] =>
      those.slice(0, MAX_NEAR).map((held) => ({ ...explained(held, input), differs, why: why(held) }));
    return [
      ...some(
        allowing.filter(({ subject, action, condition }) => subject && action && !condition),
        'condition',
        ({ rule }) => conditionText(rule, input),
      ),
      ...some(
        allowing.filter(({ subject, action, condition }) => !subject && action && condition),
        'principal',
        ({ rule }) =>
          `\`${agent}\` ${rule.subject.startsWith('role:') ? 'does not have' : 'is not'} \`${rule.subject}\``,
      ),
      ...some(
        allowing.filter(({ subject, action, condition }) => subject && !action && condition),
        'action',
        ({ rule }) => `the action is \`${access.action}\`, the row has \`${rule.action}\``,
      ),
      ...elsewhere(agent, access, parts, met).map((placed): NearMiss => {
        const rule = ruleOf(placed);
        const why = resourceMismatch(rule.resource, parts);
        return { ...explained({ rule, line: placed.line }, input), differs: 'resource', why };
      }),
    ];
  }

  return Object.freeze({
    explain(agent: string, access: Access, context: DecisionContext): Explanation {
      const parts = splitCanonical(access.resource);
      const input: ConditionInput = { context, attributes: access.attributes, label: access.label };
      const met = parts === undefined ? [] : meet(agent, access, parts, input);
      const matching = met.filter(({ subject, action, condition }) => subject && action && condition);
      const decision = decide(snapshot, parts, matching);
      const allowed = matching.some(({ rule }) => rule.effect === 'allow');
      const denying = matching.filter(({ rule }) => rule.effect === 'deny').map((held) => explained(held, input));
      return {
        agent,
        roles: snapshot.rolesOf(agent),
        action: access.action,
        resource: access.resource,
        decision,
        matched: matching.map((held) => explained(held, input)),
        near: parts === undefined || allowed ? [] : nearMisses(agent, access, parts, input, met),
        ...proposeRow(snapshot, agent, access, { decision, denying, allowed, facts: context }),
      };
    },
  });
}

const matches = (rule: Rule, verdict: Verdict): boolean => (verdict === 'undecided' ? rule.effect === 'deny' : verdict);

/** The answer of the decision point; that the two are the same is held by a test over random policies. */
function decide(snapshot: PolicySnapshot, parts: ResourceParts | undefined, matching: readonly Held[]): Decision {
  const policy = snapshot.ref;
  if (parts === undefined) return { effect: 'deny', reason: 'invalid-request', rules: [], access: 0, policy };
  const ref = ({ rule: { id, namesHost } }: Held) => ({ id, namesHost });
  const denying = matching.filter(({ rule }) => rule.effect === 'deny');
  if (denying.length > 0) {
    const first = denying.slice(0, 1); // the engines stop there
    const asked = askedByDenial(first.map(({ rule }) => rule.obligations));
    return { effect: 'deny', reason: 'forbidden-by-rule', rules: first.map(ref), access: 0, ...asked, policy };
  }
  if (matching.length === 0) return { effect: 'deny', reason: 'no-rule', rules: [], access: 0, policy };
  return allowedBy(
    matching.map(ref),
    matching.map(({ rule }) => rule.obligations),
    policy,
  );
}

/** Shows a rule as its file has it. */
type Show = (held: Pick<Held, 'rule' | 'line'>, input: ConditionInput) => ExplainedRule;

const createShow =
  ({ layout }: PolicySnapshot): Show =>
  ({ rule, line }, input) => {
    const clauses = rule.condition.clauses.map((clause) => findClause(clause, input));
    return { id: rule.id, line, row: rowAsWritten(layout, rule.cells), effect: rule.effect, clauses };
  };

const conditionText = (rule: Rule, input: ConditionInput): string =>
  rule.condition.clauses.flatMap((clause) => findingText(findClause(clause, input)) ?? []).join(', ');
