import type { Decision } from '../contracts/decision.ts';
import type { DecisionContext } from '../contracts/decision-point.ts';
import type { Access } from '../contracts/request.ts';
import { testClause } from './condition.ts';
import type { ConditionInput, Verdict } from './conditions/clause.ts';
import { proposeRow, type Proposal } from './row-proposal.ts';
import { strictest } from './obligation.ts';
import type { PolicySnapshot } from './policy-snapshot.ts';
import { matchesResource } from './resource-pattern.ts';
import { splitCanonical, type ResourceParts } from './resource-parts.ts';
import { compileRule, createCellCompiler, ruleLine, type Rule } from './rule.ts';
import { actionMatches } from './vocabulary.ts';

/** A rule as an explanation shows it. */
export interface ExplainedRule {
  readonly id: string;
  readonly line: number;
  /** The row, in canonical spelling. */
  readonly row: string;
  readonly effect: 'allow' | 'deny';
  /** Every clause of its condition, with what it says now. */
  readonly clauses: readonly { readonly text: string; readonly verdict: Verdict }[];
}

/** A rule that does not match, and the one thing that keeps it from matching. */
export interface NearMiss extends ExplainedRule {
  readonly differs: 'condition' | 'resource' | 'action';
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
  /** The nearest first; at most a handful of each kind. */
  readonly near: readonly NearMiss[];
}

/** How many near misses of one kind are shown. */
const MAX_NEAR = 5;

/** A rule with its place, compiled, and held against the access. */
interface Held {
  readonly rule: Rule;
  readonly line: number;
  readonly action: boolean;
  readonly resource: boolean;
  readonly verdict: Verdict;
}

/** Explains one access: its decision, the rules that made it, those that nearly matched, and the row that would allow it. */
export function explain(
  snapshot: PolicySnapshot,
  agent: string,
  access: Access,
  context: DecisionContext,
): Explanation {
  const parts = splitCanonical(access.resource);
  const input: ConditionInput = { context, attributes: access.attributes };
  const held = parts === undefined ? [] : holdRules(snapshot, agent, access, parts, input);
  const matching = held.filter(({ rule, action, resource, verdict }) => action && resource && matches(rule, verdict));
  const decision = decide(snapshot, parts, matching);
  const show = ({ rule, line }: Held): ExplainedRule => explained(rule, line, input);
  const misses = (kind: NearMiss['differs'], those: readonly Held[]): NearMiss[] =>
    nearestFirst(those, access.resource)
      .slice(0, MAX_NEAR)
      .map((entry) => ({ ...show(entry), differs: kind }));
  return {
    agent,
    roles: snapshot.rolesOf(agent),
    action: access.action,
    resource: access.resource,
    decision,
    matched: matching.map(show),
    near: [
      ...misses(
        'condition',
        held.filter(({ rule, action, resource, verdict }) => action && resource && !matches(rule, verdict)),
      ),
      ...misses(
        'resource',
        held.filter(({ action, resource }) => action && !resource),
      ),
      ...misses(
        'action',
        held.filter(({ action, resource }) => !action && resource),
      ),
    ],
    ...proposeRow(snapshot, agent, access, decision, matching.find(({ rule }) => rule.effect === 'deny')?.line),
  };
}

function holdRules(
  snapshot: PolicySnapshot,
  agent: string,
  access: Access,
  parts: ResourceParts,
  input: ConditionInput,
): readonly Held[] {
  const compiler = createCellCompiler(snapshot.words);
  return snapshot.rulesFor(agent).map((placed) => {
    const rule = compileRule(placed, compiler);
    const action = actionMatches(access.action, rule.action);
    const resource = matchesResource(rule.resource, parts);
    return {
      rule,
      line: placed.line,
      action,
      resource,
      verdict: action && resource ? rule.condition.test(input) : 'undecided',
    };
  });
}

/** What cannot be decided does not allow, and does deny. */
const matches = (rule: Rule, verdict: Verdict): boolean => (verdict === 'undecided' ? rule.effect === 'deny' : verdict);

/** The answer of the decision point; that the two are the same is held by a test over random policies. */
function decide(snapshot: PolicySnapshot, parts: ResourceParts | undefined, matching: readonly Held[]): Decision {
  const policy = snapshot.ref;
  if (parts === undefined) return { effect: 'deny', reason: 'invalid-request', rules: [], access: 0, policy };
  const ref = ({ rule: { id, namesHost } }: Held) => ({ id, namesHost });
  const denying = matching.find(({ rule }) => rule.effect === 'deny');
  if (denying !== undefined)
    return { effect: 'deny', reason: 'forbidden-by-rule', rules: [ref(denying)], access: 0, policy };
  if (matching.length === 0) return { effect: 'deny', reason: 'no-rule', rules: [], access: 0, policy };
  return {
    effect: 'allow',
    rules: matching.map(ref),
    obligations: strictest(matching.map(({ rule }) => rule.obligations)),
    policy,
  };
}

function explained(rule: Rule, line: number, input: ConditionInput): ExplainedRule {
  const clauses = rule.condition.clauses.map((clause) => ({ text: clause.text, verdict: testClause(clause, input) }));
  return { id: rule.id, line, row: ruleLine(rule.cells), effect: rule.effect, clauses };
}

/** By how much of the resource the pattern has from its beginning. */
function nearestFirst(held: readonly Held[], resource: string): readonly Held[] {
  const shared = ({ rule }: Held): number => {
    const { text } = rule.resource;
    let at = 0;
    while (at < text.length && text[at] === resource[at]) at++;
    return at;
  };
  return held
    .map((entry) => ({ entry, length: shared(entry) }))
    .sort((a, b) => b.length - a.length || a.entry.line - b.entry.line)
    .map(({ entry }) => entry);
}
