import { FunctionMap, newEnforcer, newModelFromString, type Enforcer } from 'casbin';
import type { ConditionInput } from '../conditions/clause.ts';
import { matchesResource } from '../resource-pattern.ts';
import type { ResourceParts } from '../resource-parts.ts';
import type { Rule } from '../rule.ts';
import { actionMatches } from '../vocabulary.ts';

/** What the engine is asked: everything a row of the policy is held against. */
export interface EngineRequest {
  readonly subject: string;
  readonly action: string;
  readonly resource: string;
  /** The same resource, cut into parts. */
  readonly parts: ResourceParts;
  readonly input: ConditionInput;
}

/** The answer, with the rules that matched: all of them on an allow, those up to the first deny on a deny. */
export interface EngineAnswer {
  readonly allowed: boolean;
  readonly matched: readonly Rule[];
}

/** Casbin, deciding over the rules that it is given. Throws whatever goes wrong in it. */
export interface Engine {
  decide(request: EngineRequest, rules: readonly Rule[]): EngineAnswer;
}

/**
 * Makes one enforcer with the accepted model. Its own matching functions are taken out and its adapters never used; ours
 * are synchronous, because under `enforceSync` the promise of an asynchronous one is true whatever it resolves to.
 */
export async function createEngine(model: string, subjects: readonly string[]): Promise<Engine> {
  const enforcer = await newEnforcer(newModelFromString(model));
  removeBuiltins(enforcer);
  const [agent = '', ...roles] = subjects;
  // Every role is linked to the agent itself: the closure was taken, and cycles and depth were refused, at load.
  const sections = enforcer.getModel().model;
  const policy = sections.get('p')?.get('p');
  const links = sections.get('g')?.get('g');
  if (policy === undefined || links === undefined) throw new TypeError('the model defines no policy or no roles');
  links.policy = roles.map((role) => [agent, role]);
  await enforcer.buildRoleLinks();

  let asked: EngineRequest | undefined;
  let offered: readonly Rule[] = [];
  let matched: Rule[] = [];
  const offeredWith = (column: number, cell: unknown): Rule => {
    const rule = offered.find(({ cells }) => cells[column] === cell);
    if (rule === undefined) throw new TypeError('a cell of no rule that was offered');
    return rule;
  };
  const functions: Readonly<Record<string, (...values: unknown[]) => boolean>> = {
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
  for (const [name, body] of Object.entries(functions)) await enforcer.addFunction(name, body);

  return Object.freeze({
    decide(request: EngineRequest, rules: readonly Rule[]): EngineAnswer {
      const { subject, action, resource, input } = request;
      // Casbin compares loosely, where ['a'] equals 'a', and evaluates the matcher once where there are no rows.
      if ([subject, action, resource].some((text) => typeof text !== 'string'))
        throw new TypeError('a request is made of strings');
      if (rules.length === 0) return { allowed: false, matched: [] };
      asked = request;
      offered = rules;
      matched = [];
      policy.policy = rules.map(({ cells }) => [...cells]);
      try {
        return { allowed: enforcer.enforceSync(subject, action, resource, input), matched };
      } finally {
        asked = undefined;
        offered = [];
        policy.policy = [];
      }
    },
  });
}

/** Casbin copies every function for every row, twice: the ones that no matcher names cost half of a decision. */
function removeBuiltins(enforcer: Enforcer): void {
  const holder: unknown = Reflect.get(enforcer, 'fm');
  const functions: unknown = holder instanceof FunctionMap ? holder.getFunctions() : undefined;
  if (!(functions instanceof Map)) throw new TypeError('the engine keeps its functions elsewhere');
  functions.clear();
}
