import { hash } from 'node:crypto';
import type { Question } from './question.ts';

/**
 * SHA-256, hex, over everything that an answer is bound to: who acts, which code, for whom, why, the request, the policy,
 * and who has to say yes. A question of another run is the same question only where all of this is the same.
 */
export function bondOf(question: Question): string {
  const { agent, component, callers, onBehalfOf, purpose, environment, digest, policy, roles } = question;
  const facts = [purpose ?? null, environment ?? null];
  return digestOf(['bond', agent, component, callers, onBehalfOf, facts, digest, policy.digest, roles]);
}

/**
 * The same over what a yes `for this run` covers: the same rules of the same policy, the same actions on the same resources,
 * the same people to ask. What a request carries beside that may differ, and whoever says yes is told so.
 */
export function coverOf({ agent, accesses, rules, policy, roles }: Question): string {
  const touched = accesses.map(({ action, resource }) => [action, resource]);
  const ids = rules.map(({ id }) => id).sort();
  return digestOf(['cover', agent, touched, ids, policy.digest, roles]);
}

/** Lists have one order and one spelling in JSON. */
const digestOf = (parts: readonly unknown[]): string => hash('sha256', JSON.stringify(parts), 'hex');
