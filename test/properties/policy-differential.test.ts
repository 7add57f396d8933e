import { newEnforcer, newModelFromString } from 'casbin';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../host/contracts/decision.ts';
import type { DecisionContext } from '../../host/contracts/decision-point.ts';
import type { Access } from '../../host/contracts/request.ts';
import { createDecisionPoint } from '../../host/policy/decision-point.ts';
import { DEFAULT_MODEL } from '../../host/policy/default-model.ts';
import { createExplainer } from '../../host/policy/explanation.ts';
import type { ConditionInput } from '../../host/policy/conditions/clause.ts';
import { strictest } from '../../host/policy/obligation.ts';
import { loadPolicy, type PolicySnapshot } from '../../host/policy/policy-snapshot.ts';
import { matchesResource } from '../../host/policy/resource-pattern.ts';
import { splitCanonical } from '../../host/policy/resource-parts.ts';
import { compileRule, createCellCompiler } from '../../host/policy/rule.ts';
import { wideAccess, wideCarried, wideContext, widePolicyText } from './wide-policy-arbitrary.ts';
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
  await enforcer.addFunction('when', (ctx: ConditionInput, cell: string, eft: string) => {
    const verdict = byCondition.get(cell)!.test(ctx);
    return verdict === 'undecided' ? eft === 'deny' : verdict;
  });
  await enforcer.addFunction('note', (...cells: string[]) => noted.push(cells.join(', ')) > 0);
  return (agent: string, { action, resource, attributes, label }: Access, context: DecisionContext) => {
    noted = [];
    const allowed = enforcer.enforceSync(agent, action, resource, { context, attributes, label });
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

/** Decisions of each engine that are compared; far more where `SALLYPORT_DECISIONS` says so. */
const WANTED = Number(process.env['SALLYPORT_DECISIONS'] ?? 5_000);
/** What one run of the property brings, about. */
const DECISIONS_OF_A_RUN = 40;

const shown = (decision: Decision) => ({
  effect: decision.effect === 'approve' ? 'allow' : decision.effect,
  rules: decision.rules.map(({ id }) => id),
  obligations: decision.effect === 'deny' ? {} : decision.obligations,
});

/** What was compared, so that a comparison in which nothing is ever allowed or forbidden does not pass for a proof. */
const seen = { decisions: 0, allow: 0, deny: 0, several: 0, approve: 0 };

function count(decision: Decision): void {
  seen.decisions++;
  if (decision.rules.length > 1) seen.several++;
  if (decision.effect === 'deny') seen.deny += decision.reason === 'forbidden-by-rule' ? 1 : 0;
  else seen[decision.effect]++;
}

async function compare(
  text: string,
  random: readonly Access[],
  near: Pick<Access, 'attributes' | 'label'>,
  context: DecisionContext,
) {
  const snapshot = load(text);
  const explainer = createExplainer(snapshot);
  const ask = snapshot.rules.length === 0 ? undefined : await stock(snapshot);
  for (const agent of AGENTS) {
    const slice = structuredClone(snapshot.sliceFor(agent));
    const casbin = createDecisionPoint(slice, agent);
    const compiled = createDecisionPoint({ ...slice, deciding: { engine: 'compiled', shadow: 0 } }, agent);
    const accesses = [
      ...random,
      ...accessesNear(text),
      ...accessesNear(text).map((access) => ({ ...access, ...near })),
    ];
    for (const access of accesses) {
      const decision = casbin.decide([access], context);
      const expected = ask?.(agent, access, context) ?? { effect: 'deny', rules: [], obligations: {} };
      expect(shown(decision)).toEqual({
        ...expected,
        obligations: expected.effect === 'allow' ? expected.obligations : {},
      });
      expect(compiled.decide([access], context)).toEqual(decision);
      expect(explainer.explain(agent, access, context).decision).toEqual(decision);
      count(decision);
    }
    // All at once, and a second time: what was prepared for a request serves it again.
    const [first, ...others] = accesses;
    if (first !== undefined)
      expect(compiled.decide([first, ...others], context)).toEqual(casbin.decide([first, ...others], context));
  }
}

describe('the decision point', () => {
  it.each([
    [
      'policies of few words',
      policyText,
      accessOf,
      contextOf,
      { allow: 50, deny: 50, several: Infinity, approve: Infinity },
    ],
    [
      'policies with everything that a row can hold',
      widePolicyText,
      wideAccess,
      wideContext,
      { allow: 40, deny: 25, several: 25, approve: 25 },
    ],
  ])(
    'decides with either engine as stock Casbin does over all rows, by the same rules and with the same obligations: %s',
    async (_, policy, access, facts, oneIn) => {
      Object.assign(seen, { decisions: 0, allow: 0, deny: 0, several: 0, approve: 0 });
      const random = fc.array(access, { minLength: 5, maxLength: 10 });
      await fc.assert(fc.asyncProperty(policy, random, wideCarried, facts, compare), {
        numRuns: Math.ceil(WANTED / DECISIONS_OF_A_RUN),
      });
      if (process.env['SALLYPORT_DECISIONS'] !== undefined) console.info('compared', seen); // the long mode is asked for its count
      expect(seen.decisions).toBeGreaterThanOrEqual(WANTED / 2);
      for (const kind of ['allow', 'deny', 'several', 'approve'] as const)
        expect(seen[kind], kind).toBeGreaterThanOrEqual(Math.floor(seen.decisions / oneIn[kind]));
    },
    120_000 + WANTED * 20,
  );
});
