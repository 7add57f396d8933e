import type {
  Allow,
  BudgetTerm,
  Decision,
  Deny,
  Obligations,
  RequireApproval,
  RuleRef,
} from '../contracts/decision.ts';
import type { DecisionContext, DecisionPoint } from '../contracts/decision-point.ts';
import type { RunFacts } from '../contracts/principal.ts';
import type { Access } from '../contracts/request.ts';
import { allowedBy } from './obligations/allowed-by.ts';
import { strictest } from './obligations/merge.ts';

/** One principal of a chain: how it decides, and the facts of its own run. */
export interface ChainLink {
  /** `agent:NAME`. */
  readonly agent: string;
  readonly decisionPoint: DecisionPoint;
  readonly facts: RunFacts;
}

/**
 * The decision point of a chain of callers: what it allows, every one of them allows. The first link is the agent that
 * acts; the others are those on whose behalf it does, the nearest first. Each decides under the facts of its own run.
 *
 * - A denial by one is a denial. The first that denies gives the reason; the rules of all that deny are named.
 * - An allow names the rules of all and carries the obligations of all, of each kind the strictest; every person that one
 *   of them asks for has to approve.
 * - Budgets of a caller's rules count for that caller, beside those of the agent that acts.
 * - A rule names a resource (and so lifts a protection) only where each principal has one that does.
 */
export function intersectionOf(links: readonly [ChainLink, ...ChainLink[]]): DecisionPoint {
  const [acting, ...callers] = links;
  if (callers.length === 0) return acting.decisionPoint;
  const { policy } = acting.decisionPoint;
  const owned = [(own: Obligations) => own, ...callers.map(createOwned)];
  return Object.freeze({
    policy,
    decide(accesses: readonly [Access, ...Access[]], { nowMs }: DecisionContext): Decision {
      const decisions = links.map(({ decisionPoint, facts }) => decisionPoint.decide(accesses, { ...facts, nowMs }));
      const diverged = decisions.flatMap((decision) => decision.diverged ?? []);
      const together = merge(decisions);
      return diverged.length === 0 ? together : { ...together, diverged };
    },
  });

  function merge(decisions: readonly Decision[]): Decision {
    const denied = decisions.findIndex(({ effect }) => effect === 'deny');
    if (denied >= 0) return denial(decisions, denied, links);
    const allowed = decisions.filter((decision) => decision.effect !== 'deny');
    const asked = allowed.map(({ obligations }, index) => owned[index]?.(obligations) ?? obligations);
    return allowedBy(namedByAll(allowed), asked, policy);
  }
}

/** Says of the budgets of a caller whose they are. The same term is always made into the same one. */
function createOwned({ agent, facts: { onBehalfOf } }: ChainLink): (obligations: Obligations) => Obligations {
  const known = new WeakMap<BudgetTerm, BudgetTerm>();
  const owner = { agent, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) };
  return (obligations) => {
    if (obligations.budgets === undefined) return obligations;
    const budgets = obligations.budgets.map((term) => {
      const own = known.get(term) ?? { ...term, owner };
      known.set(term, own);
      return own;
    });
    return { ...obligations, budgets };
  };
}

function denial(decisions: readonly Decision[], first: number, links: readonly ChainLink[]): Deny {
  const denials = decisions.filter((decision) => decision.effect === 'deny');
  const [reason] = denials;
  if (reason === undefined) throw new TypeError('a denial without a decision that denies');
  const agent = links[first]?.agent;
  // Whoever is to be told by one of the rules that deny is told.
  const obligations = strictest(denials.map((denied) => denied.obligations ?? {}));
  const told = Object.keys(obligations).length === 0 ? {} : { obligations };
  return { ...reason, rules: rulesOf(denials), ...told, ...(first === 0 || agent === undefined ? {} : { agent }) };
}

function namedByAll(allowed: readonly (Allow | RequireApproval)[]): readonly RuleRef[] {
  const named = allowed.every(({ rules }) => rules.some(({ namesHost }) => namesHost));
  const rules = rulesOf(allowed);
  return named ? rules : rules.map(({ id }) => ({ id, namesHost: false }));
}

/** The rules of several decisions, each once. */
function rulesOf(decisions: readonly Decision[]): readonly RuleRef[] {
  const byId = new Map(decisions.flatMap(({ rules }) => rules).map((rule) => [rule.id, rule]));
  return [...byId.values()];
}
