import type { Allow, Decision, Deny, DenialReason, RequireApproval, RuleRef } from '../contracts/decision.ts';
import type { DecisionContext, DecisionPoint } from '../contracts/decision-point.ts';
import { HostError } from '../contracts/errors.ts';
import type { Access } from '../contracts/request.ts';
import { createCandidateMemo } from './candidate-memo.ts';
import { createEngine, type Engine } from './casbin/engine.ts';
import { allowedBy } from './obligations/allowed-by.ts';
import type { PolicySlice } from './policy-snapshot.ts';
import { matchesResource } from './resource-pattern.ts';
import { splitCanonical, type ResourceParts } from './resource-parts.ts';
import { createRuleIndex, type Indexed } from './rule-index.ts';
import { cellsOf, compileRule, createCellCompiler, type Rule } from './rule.ts';

/** A row of the slice. Its rule is compiled when a request comes near it for the first time. */
interface Entry extends Indexed {
  readonly row: string;
  compiled: Rule | undefined;
}

/** Makes the decision point of one agent. An index narrows, Casbin decides; no rules is a deny that Casbin is not asked about. */
export function createDecisionPoint(slice: PolicySlice, agent: string): DecisionPoint {
  if (slice.agent !== agent)
    throw new HostError('ERR_INTERNAL', `the policy slice is that of \`${slice.agent}\`, not of \`${agent}\``);
  const engine = createEngine(slice.model, slice.subjects);
  const decideAccess = createAccessDecision(agent, engine, createCandidateFinder(slice));
  const policy = slice.ref;

  return Object.freeze({
    policy,
    decide(accesses: readonly [Access, ...Access[]], context: DecisionContext): Decision {
      let access = 0;
      try {
        const allowed: Rule[] = [];
        for (; access < accesses.length; access++) {
          const current = accesses[access];
          const answer = current === undefined ? UNDECIDABLE : decideAccess(current, context);
          if (answer.reason !== undefined)
            return { effect: 'deny', reason: answer.reason, rules: answer.rules.map(refOf), access, policy };
          allowed.push(...answer.rules);
        }
        return accesses.length === 0 ? unavailable(0) : allow(allowed);
      } catch {
        return unavailable(access);
      }
    },
  });

  function allow(rules: readonly Rule[]): Allow | RequireApproval {
    const distinct = rules.length === 1 ? rules : [...new Set(rules)];
    return allowedBy(
      distinct.map(refOf),
      distinct.map(({ obligations }) => obligations),
      policy,
    );
  }

  function unavailable(access: number): Deny {
    return { effect: 'deny', reason: 'policy-unavailable', rules: [], access, policy };
  }
}

/** What one access gets: the rules that allow it, or a reason and the rules that forbid it. */
interface AccessAnswer {
  readonly reason?: DenialReason;
  readonly rules: readonly Rule[];
}

const UNDECIDABLE: AccessAnswer = { reason: 'invalid-request', rules: [] };
const NO_RULE: AccessAnswer = { reason: 'no-rule', rules: [] };

/** A resource cut into parts, and the rules that it meets by action and pattern, in the order of the policy. */
interface Candidates {
  readonly parts: ResourceParts;
  readonly rules: readonly Rule[];
}

/** Finds candidates; `undefined` for a resource that is not in canonical form. */
type CandidateFinder = (action: string, resource: string) => Candidates | undefined;

function createCandidateFinder({ rows, ids, words }: PolicySlice): CandidateFinder {
  const compiler = createCellCompiler(words);
  const memo = createCandidateMemo<Candidates>();
  const index = createRuleIndex(
    rows.map((row, order): Entry => {
      const [, action, pattern] = cellsOf(row);
      return { order, action, pattern, row, compiled: undefined };
    }),
  );
  return (action, resource) => {
    const known = memo.get(action, resource);
    if (known !== undefined) return known;
    const parts = splitCanonical(resource);
    if (parts === undefined) return undefined;
    const rules: Rule[] = [];
    for (const entry of index.candidates(action, parts)) {
      const rule = (entry.compiled ??= compileRule(
        { id: ids[entry.order] ?? '', cells: cellsOf(entry.row) },
        compiler,
      ));
      // Casbin asks the same again; a row that it is not given costs less than one that it turns down.
      if (matchesResource(rule.resource, parts)) rules.push(rule);
    }
    const found: Candidates = { parts, rules };
    if (rules.length > 0) memo.set(action, resource, found);
    return found;
  };
}

function createAccessDecision(
  agent: string,
  engine: Engine,
  find: CandidateFinder,
): (access: Access, context: DecisionContext) => AccessAnswer {
  return ({ action, resource, attributes }, context) => {
    // Maps compare strictly and Casbin loosely: only strings are the same to both.
    if (typeof action !== 'string' || typeof resource !== 'string') throw new TypeError('a request is made of strings');
    const candidates = find(action, resource);
    if (candidates === undefined) return UNDECIDABLE;
    const { parts, rules } = candidates;
    if (rules.length === 0) return NO_RULE;
    const input = { context, attributes };
    const { allowed, matched } = engine.decide({ subject: agent, action, resource, parts, input }, rules);
    const denying = matched.filter(({ effect }) => effect === 'deny');
    // Casbin decides; that its answer and the rows that it reported agree is checked all the same.
    if (allowed !== (matched.length > 0 && denying.length === 0)) throw new TypeError('the engine contradicts itself');
    if (allowed) return { rules: matched };
    return denying.length > 0 ? { reason: 'forbidden-by-rule', rules: denying } : NO_RULE;
  };
}

const refOf = ({ id, namesHost }: Rule): RuleRef => ({ id, namesHost });
