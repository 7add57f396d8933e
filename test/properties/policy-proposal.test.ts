import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecisionContext, DecisionPoint } from '../../host/contracts/decision-point.ts';
import type { Access } from '../../host/contracts/request.ts';
import { createDecisionPoint } from '../../host/policy/decision-point.ts';
import { createExplainer } from '../../host/policy/explanation.ts';
import { loadPolicy } from '../../host/policy/policy-snapshot.ts';
import { accessesNear, accessOf, AGENTS, contextOf, policyText, VOCABULARY } from './policy-arbitrary.ts';

const load = (text: string) => loadPolicy({ policy: { file: 'policy.csv', text } }, VOCABULARY, 1);
const pointOf = (text: string, agent: string) => createDecisionPoint(load(text).sliceFor(agent), agent);

/** The same request but for one thing. */
function siblings(access: Access): Access[] {
  const { action, resource, attributes } = access;
  return [
    ...VOCABULARY.actions.filter((other) => other !== action).map((other) => ({ ...access, action: other })),
    { ...access, resource: `${resource}z` },
    { ...access, resource: `${resource}/z` },
    { ...access, resource: resource.replace(/[^/]+$/, 'z') },
    { ...access, resource: resource.replace('.test', '.test2') },
    ...[...attributes.keys()]
      .filter(() => action.startsWith('db:'))
      .map((name) => ({ ...access, attributes: new Map([...attributes, [name, 'other']]) })),
  ].filter((other) => other.action !== action || other.resource !== resource || other.attributes !== attributes);
}

const allows = (point: DecisionPoint, access: Access, context: DecisionContext): boolean =>
  point.decide([access], context).effect === 'allow';

describe('the row that is proposed for a denied request', () => {
  it('allows it once it is added, and nothing beside it', () => {
    let proposed = 0;
    let spared = 0;
    fc.assert(
      fc.property(
        policyText,
        fc.array(accessOf, { minLength: 3, maxLength: 8 }),
        contextOf,
        (text, random, context) => {
          const explainer = createExplainer(load(text));
          const [agent, other] = AGENTS;
          for (const access of [...random, ...accessesNear(text)]) {
            const { decision, lineToAdd, note } = explainer.explain(agent, access, context);
            if (decision.effect === 'allow') expect(lineToAdd).toBeUndefined();
            if (decision.effect !== 'deny') continue;
            if (decision.reason === 'forbidden-by-rule')
              expect([lineToAdd, typeof note]).toEqual([undefined, 'string']);
            if (lineToAdd === undefined) continue;
            proposed++;
            const more = `${text}${lineToAdd}\n`;
            const [before, after] = [pointOf(text, agent), pointOf(more, agent)];
            expect(allows(after, access, context), `${lineToAdd} allows ${access.resource}`).toBe(true);
            if (note !== undefined) continue;
            for (const sibling of siblings(access)) {
              spared++;
              expect(allows(after, sibling, context), `${lineToAdd}: ${sibling.action} ${sibling.resource}`).toBe(
                allows(before, sibling, context),
              );
            }
            const [others, othersAfter] = [pointOf(text, other), pointOf(more, other)];
            expect(allows(othersAfter, access, context)).toBe(allows(others, access, context));
          }
        },
      ),
      { numRuns: 60 },
    );
    expect(proposed).toBeGreaterThan(100);
    expect(spared).toBeGreaterThan(500);
  }, 120_000);
});
