import type { ConditionInput } from './conditions/clause.ts';
import { DEFAULT_MODEL } from './default-model.ts';
import type { Decide, Engine, EngineAnswer, EngineRequest } from './engine.ts';
import { matchesResource } from './resource-pattern.ts';
import type { Rule } from './rule.ts';
import { actionMatches } from './vocabulary.ts';

/**
 * Decides by the accepted model without Casbin: the same terms in the same order, the same rows reported, the same error
 * thrown. It knows no other model. That it equals Casbin is held by a differential test, and by a sample of what it decides.
 */
export function createCompiledEngine(model: string, subjects: readonly string[]): Engine {
  if (model !== DEFAULT_MODEL) throw new TypeError('the compiled engine knows the accepted model alone');
  const [agent, ...roles] = subjects;
  const held: ReadonlySet<string> = new Set(roles);

  return Object.freeze({
    prepare({ subject, action, resource, parts }: EngineRequest, rules: readonly Rule[]): Decide {
      if ([subject, action, resource].some((text) => typeof text !== 'string'))
        throw new TypeError('a request is made of strings');
      const is = (name: string): boolean => name === subject || (subject === agent && held.has(name));
      const met = rules.filter(
        (rule) => is(rule.subject) && actionMatches(action, rule.action) && matchesResource(rule.resource, parts),
      );
      return (input) => decide(met, input);
    },
  });
}

/** The last terms of the matcher, and the effect, over rules that subject, action and resource of a request meet. */
function decide(rules: readonly Rule[], input: ConditionInput): EngineAnswer {
  const matched: Rule[] = [];
  for (const rule of rules) {
    const verdict = rule.condition.test(input);
    if (verdict === false || (verdict === 'undecided' && rule.effect === 'allow')) continue;
    matched.push(rule);
    // What follows a deny changes nothing: Casbin stops there, too.
    if (rule.effect === 'deny') return { allowed: false, matched };
  }
  return { allowed: matched.length > 0, matched };
}
