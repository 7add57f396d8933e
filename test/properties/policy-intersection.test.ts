import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../host/contracts/decision.ts';
import { createDecisionPoint } from '../../host/policy/decision-point.ts';
import { intersectionOf, type ChainLink } from '../../host/policy/intersection.ts';
import { strictest } from '../../host/policy/obligation.ts';
import { loadPolicy } from '../../host/policy/policy-snapshot.ts';
import { accessesNear, accessOf, AGENTS, contextOf, policyText, VOCABULARY } from './policy-arbitrary.ts';

const AGENT = fc.constantFrom(...AGENTS, 'agent:c');
const idsOf = ({ rules }: Decision): string[] => rules.map(({ id }) => id).sort();
const union = (decisions: readonly Decision[]): string[] => [...new Set(decisions.flatMap(idsOf))].sort();

describe('the decision point of a chain of callers', () => {
  it('allows exactly what every one of them allows, by the rules of all and with the strictest obligations', () => {
    const seen = { allow: 0, deny: 0 };
    fc.assert(
      fc.property(
        policyText,
        fc.array(fc.tuple(AGENT, contextOf), { minLength: 1, maxLength: 4 }),
        fc.array(accessOf, { minLength: 2, maxLength: 6 }),
        (text, chain, random) => {
          const policy = loadPolicy({ policy: { file: 'policy.csv', text } }, VOCABULARY, 1);
          const { nowMs } = chain[0]?.[1] ?? { nowMs: 0 };
          const links = chain.map(([agent, facts]): ChainLink => ({
            agent,
            facts,
            decisionPoint: createDecisionPoint(policy.sliceFor(agent), agent),
          }));
          const [first, ...others] = links;
          if (first === undefined) throw new Error('an empty chain');
          const point = intersectionOf([first, ...others]);
          for (const access of [...random, ...accessesNear(text)]) {
            const decision = point.decide([access], { ...first.facts, nowMs });
            const each = links.map(({ decisionPoint, facts }) => decisionPoint.decide([access], { ...facts, nowMs }));
            const allowed = each.filter(({ effect }) => effect === 'allow');
            expect(decision.effect === 'allow').toBe(allowed.length === each.length);
            if (decision.effect === 'allow') {
              seen.allow++;
              expect(idsOf(decision)).toEqual(union(each));
              expect(decision.obligations).toEqual(
                strictest(each.flatMap((one) => (one.effect === 'allow' ? [one.obligations] : []))),
              );
              const named = each.every(({ rules }) => rules.some(({ namesHost }) => namesHost));
              expect(decision.rules.some(({ namesHost }) => namesHost)).toBe(named);
            } else {
              seen.deny++;
              const denials = each.filter(({ effect }) => effect === 'deny');
              expect(idsOf(decision)).toEqual(union(denials));
              expect(decision).toMatchObject({ effect: 'deny' });
            }
          }
        },
      ),
      { numRuns: 100 },
    );
    // A comparison in which nothing is ever allowed would prove nothing.
    expect(seen.allow).toBeGreaterThan(30);
    expect(seen.deny).toBeGreaterThan(30);
  }, 120_000);
});
