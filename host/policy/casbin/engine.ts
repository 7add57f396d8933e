import { Enforcer, FunctionMap, newModelFromString } from 'casbin';
import type { ConditionInput } from '../conditions/clause.ts';
import type { Decide, Engine, EngineAnswer, EngineRequest } from '../engine.ts';
import { matchesResource } from '../resource-pattern.ts';
import type { Rule } from '../rule.ts';
import { actionMatches } from '../vocabulary.ts';
import { createFixedRoles } from './fixed-roles.ts';

/**
 * Makes one enforcer with the accepted model, without waiting for anything: Casbin's own way to make one is asynchronous
 * for the sake of adapters and role managers, and a live policy is exchanged within one call. Its matching functions are
 * left out and its adapters never used; ours are synchronous, because under `enforceSync` the promise of an asynchronous
 * one is true whatever it resolves to. What Casbin keeps between two decisions is the parsed matcher, and nothing else.
 */
export function createCasbinEngine(model: string, subjects: readonly string[]): Engine {
  const enforcer = new Enforcer();
  enforcer.setModel(newModelFromString(model));
  const sections = enforcer.getModel().model;
  const policy = sections.get('p')?.get('p');
  const links = sections.get('g')?.get('g');
  if (policy === undefined || links === undefined) throw new TypeError('the model defines no policy or no roles');
  // The closure was taken, and cycles and depth were refused, at load.
  links.rm = createFixedRoles(subjects);

  let asked: Asked | undefined;
  let offered: readonly Rule[] = [];
  let matched: Rule[] = [];
  const offeredWith = (column: number, cell: unknown): Rule => {
    const rule = offered.find(({ cells }) => cells[column] === cell);
    if (rule === undefined) throw new TypeError('a cell of no rule that was offered');
    return rule;
  };
  const functions: MatcherFunctions = {
    actMatch: (act, cell) => typeof act === 'string' && typeof cell === 'string' && actionMatches(act, cell),
    objMatch: (obj, cell) =>
      asked !== undefined && obj === asked.resource && matchesResource(offeredWith(2, cell).resource, asked.parts),
    when(ctx, cell, eft) {
      if (asked === undefined || ctx !== asked.input) throw new TypeError('a context of no request');
      const verdict = offeredWith(3, cell).condition.test(asked.input);
      return verdict === 'undecided' ? eft !== 'allow' : verdict;
    },
    note(...cells) {
      const rule = offered.find((candidate) => candidate.cells.every((cell, column) => cell === cells[column]));
      if (rule === undefined) throw new TypeError('a row of no rule that was offered');
      matched.push(rule);
      return true;
    },
  };
  replaceFunctions(enforcer, functions);

  const decide = (request: Asked, rules: readonly Rule[], rows: string[][]): EngineAnswer => {
    const { subject, action, resource, input } = request;
    asked = request;
    offered = rules;
    matched = [];
    policy.policy = rows;
    try {
      return { allowed: enforcer.enforceSync(subject, action, resource, input), matched };
    } finally {
      asked = undefined;
      offered = [];
      policy.policy = [];
    }
  };

  return Object.freeze({
    prepare(request: EngineRequest, rules: readonly Rule[]): Decide {
      const { subject, action, resource } = request;
      // Casbin compares loosely, where ['a'] equals 'a', and evaluates the matcher once where there are no rows.
      if ([subject, action, resource].some((text) => typeof text !== 'string'))
        throw new TypeError('a request is made of strings');
      if (rules.length === 0) return () => ({ allowed: false, matched: [] });
      const rows = rules.map(({ cells }) => [...cells]);
      return (input) => decide({ ...request, input }, rules, rows);
    },
  });
}

/** A request with what it is asked under. */
interface Asked extends EngineRequest {
  readonly input: ConditionInput;
}

type MatcherFunctions = Readonly<Record<string, (...values: unknown[]) => boolean>>;

/** Casbin copies every function for every row, twice: the ones that no matcher names cost half of a decision. */
function replaceFunctions(enforcer: Enforcer, bodies: MatcherFunctions): void {
  if (!(Reflect.get(enforcer, 'fm') instanceof FunctionMap))
    throw new TypeError('the engine keeps its functions elsewhere');
  const functions = new FunctionMap();
  for (const [name, body] of Object.entries(bodies)) functions.addFunction(name, body);
  Reflect.set(enforcer, 'fm', functions);
}
