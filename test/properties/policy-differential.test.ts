import { newEnforcer, newModelFromString } from 'casbin';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecisionContext } from '../../host/contracts/decision-point.ts';
import type { Access } from '../../host/contracts/request.ts';
import { createDecisionPoint } from '../../host/policy/decision-point.ts';
import { DEFAULT_MODEL } from '../../host/policy/default-model.ts';
import { createExplainer } from '../../host/policy/explanation.ts';
import { strictest } from '../../host/policy/obligation.ts';
import { loadPolicy, type PolicySnapshot } from '../../host/policy/policy-snapshot.ts';
import { matchesResource } from '../../host/policy/resource-pattern.ts';
import { splitCanonical } from '../../host/policy/resource-parts.ts';
import { compileRule, createCellCompiler } from '../../host/policy/rule.ts';
import { accessesNear, accessOf, AGENTS, contextOf, policyText, VOCABULARY } from './policy-arbitrary.ts';

const load = (text: string) => loadPolicy({ policy: { file: 'policy.csv', text } }, VOCABULARY, 1);

/** Stock Casbin over all rows of the policy, with its own role links; roles as the file gives them. */
async function stock(snapshot: PolicySnapshot) {
  const compiler = createCellCompiler(VOCABULARY);
  const rules = snapshot.rules.map((placed) => compileRule(placed, compiler));
  const enforcer = await newEnforcer(newModelFromString(DEFAULT_MODEL));
  const sections = enforcer.getModel().model;
  sections.get('p')!.get('p')!.policy = rules.map(({ cells }) => [...cells]);
  sections.get('g')!.get('g')!.policy = [
    ...snapshot.links.map((link) => [...link]),
    ...AGENTS.map((agent) => [agent, 'role:any']),
  ];
  await enforcer.buildRoleLinks();
  const byRow = new Map(rules.map((rule) => [rule.cells.join(', '), rule]));
  const byResource = new Map(rules.map((rule) => [rule.cells[2], rule.resource]));
  const byCondition = new Map(rules.map((rule) => [rule.cells[3], rule.condition]));
  let noted: string[] = [];
  await enforcer.addFunction(
    'actMatch',
    (act: string, cell: string) => act === cell || cell === `${act.split(':')[0]}:*`,
  );
  await enforcer.addFunction('objMatch', (obj: string, cell: string) =>
    matchesResource(byResource.get(cell)!, splitCanonical(obj)!),
  );
  await enforcer.addFunction(
    'when',
    (ctx: { context: DecisionContext; attributes: Access['attributes'] }, cell: string, eft: string) => {
      const verdict = byCondition.get(cell)!.test(ctx);
      return verdict === 'undecided' ? eft === 'deny' : verdict;
    },
  );
  await enforcer.addFunction('note', (...cells: string[]) => noted.push(cells.join(', ')) > 0);
  return (agent: string, { action, resource, attributes }: Access, context: DecisionContext) => {
    noted = [];
    const allowed = enforcer.enforceSync(agent, action, resource, { context, attributes });
    const deciding = noted
      .map((text) => byRow.get(text)!)
      .filter(({ effect }) => effect === (allowed ? 'allow' : 'deny'));
    return {
      effect: allowed ? 'allow' : 'deny',
      rules: deciding.map(({ id }) => id),
      obligations: strictest(deciding.map(({ obligations }) => obligations)),
    };
  };
}

describe('the decision point', () => {
  it('decides as stock Casbin does over all rows, by the same rules and with the same obligations', async () => {
    let decisions = 0;
    let allowed = 0;
    let denied = 0;
    await fc.assert(
      fc.asyncProperty(
        policyText,
        fc.array(accessOf, { minLength: 5, maxLength: 10 }),
        contextOf,
        async (text, random, context) => {
          const snapshot = load(text);
          const explainer = createExplainer(snapshot);
          const ask = snapshot.rules.length === 0 ? undefined : await stock(snapshot);
          for (const agent of AGENTS) {
            const point = createDecisionPoint(structuredClone(snapshot.sliceFor(agent)), agent);
            for (const access of [...random, ...accessesNear(text)]) {
              const decision = point.decide([access], context);
              const expected = ask?.(agent, access, context) ?? { effect: 'deny', rules: [], obligations: {} };
              expect({
                effect: decision.effect,
                rules: decision.rules.map(({ id }) => id),
                obligations: decision.effect === 'allow' ? decision.obligations : {},
              }).toEqual({ ...expected, obligations: expected.effect === 'allow' ? expected.obligations : {} });
              expect(explainer.explain(agent, access, context).decision).toEqual(decision);
              decisions++;
              if (decision.effect === 'allow') allowed++;
              else if (decision.effect === 'deny' && decision.reason === 'forbidden-by-rule') denied++;
            }
          }
        },
      ),
      { numRuns: 150 },
    );
    expect(decisions).toBeGreaterThan(2_000);
    // A comparison in which nothing is ever allowed or forbidden would prove nothing.
    expect(allowed).toBeGreaterThan(100);
    expect(denied).toBeGreaterThan(100);
  }, 120_000);
});
