import { newEnforcer, newModelFromString } from 'casbin';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecisionContext } from '../../host/contracts/decision-point.ts';
import type { Access } from '../../host/contracts/request.ts';
import { createDecisionPoint } from '../../host/policy/decision-point.ts';
import { createExplainer } from '../../host/policy/explanation.ts';
import { lintPolicy } from '../../host/policy/policy-lint.ts';
import { loadPolicy, type PolicySnapshot } from '../../host/policy/policy-snapshot.ts';
import { matchesResource, parseResourcePattern } from '../../host/policy/resource-pattern.ts';
import { splitCanonical } from '../../host/policy/resource-parts.ts';
import { createCellCompiler } from '../../host/policy/rule.ts';
import { NOON, VOCABULARY } from '../policy/fixture.ts';
import { DOMAINS, MODEL_AGENTS, modelCase, type ModelCase } from './model-arbitrary.ts';

const load = ({ model, rows, links }: ModelCase): PolicySnapshot =>
  loadPolicy(
    {
      policy: {
        file: 'policy.csv',
        text: [...rows.map((cells) => ['p', ...cells]), ...links.map((cells) => ['g', ...cells])]
          .map((cells) => `${cells.join(', ')}\n`)
          .join(''),
      },
      model: { file: 'model.conf', text: model },
    },
    VOCABULARY,
    1,
  );

interface Question extends DecisionContext {
  readonly agent: string;
  readonly access: Access;
}

/** Stock Casbin with the text of the model as it is, and the rows as they are. */
async function stock({ model, columns, request, roles, rows, links }: ModelCase) {
  const compiler = createCellCompiler(VOCABULARY);
  const enforcer = await newEnforcer(newModelFromString(model));
  const sections = enforcer.getModel().model;
  sections.get('p')!.get('p')!.policy = rows.map((cells) => [...cells]);
  if (roles !== 'none') {
    const everybody = MODEL_AGENTS.flatMap((agent) =>
      roles === 'domain' ? DOMAINS.map((domain) => [agent, 'role:any', domain]) : [[agent, 'role:any']],
    );
    sections.get('g')!.get('g')!.policy = [...links.map((cells) => [...cells]), ...everybody];
    await enforcer.buildRoleLinks();
  }
  let noted: string[] = [];
  await enforcer.addFunction('actMatch', (act: string, own: string) => act === own || own === `${act.split(':')[0]}:*`);
  await enforcer.addFunction('objMatch', (obj: string, own: string) =>
    matchesResource(parseResourcePattern(own), splitCanonical(obj)!),
  );
  await enforcer.addFunction('when', ({ question }: { question: Question }, own: string, eft = 'allow') => {
    const verdict = compiler
      .condition(own, () => true)
      .test({ context: question, attributes: question.access.attributes });
    return verdict === 'undecided' ? eft === 'deny' : verdict;
  });
  await enforcer.addFunction('note', (...cells: string[]) => noted.push(cells.join()) > 0);
  return (question: Question) => {
    noted = [];
    const { agent, access, environment, purpose, onBehalfOf } = question;
    const ctx = { env: environment, purpose, on_behalf_of: onBehalfOf, question };
    const values = new Map<string, unknown>(
      Object.entries({ sub: agent, act: access.action, obj: access.resource, dom: environment, ctx }),
    );
    const allowed = enforcer.enforceSync(...request.map((column) => values.get(column)));
    const isDeny = (row: string): boolean => row.split(',')[columns.indexOf('eft')] === 'deny';
    return { allowed, noted: noted.filter((row) => isDeny(row) !== allowed) };
  };
}

const question = (absent: boolean): fc.Arbitrary<Question> => {
  const fact = <Value>(value: fc.Arbitrary<Value>) => (absent ? fc.option(value, { nil: undefined }) : value);
  return fc
    .record({
      agent: fc.constantFrom('agent:a', 'agent:a', ...MODEL_AGENTS),
      action: fc.constantFrom('fs:read', 'fs:read', 'fs:write', 'fs:write', 'http:GET'),
      resource: fc.constantFrom('/w/a', '/w/a', '/w/a', '/w/b/c', '/w/d'),
      size: fc.constantFrom(undefined, 3, 12),
      environment: fact(fc.constantFrom(...DOMAINS)),
      purpose: fact(fc.constantFrom('triage', 'audit')),
      onBehalfOf: fact(fc.constantFrom('user:ada', 'user:bob')),
    })
    .map(({ agent, action, resource, size, ...facts }) => {
      const known = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
      const attributes = new Map(size === undefined ? [] : [['size', size] as const]);
      return { agent, access: { action, resource, attributes }, nowMs: NOON, ...known };
    });
};

const questions = (absent: boolean) => fc.array(question(absent), { minLength: 12, maxLength: 12 });
const seen = { decisions: 0, allow: 0, forbidden: 0, byRole: 0 };

function decisionsOf(snapshot: PolicySnapshot, { agent, access, ...context }: Question) {
  const slice = structuredClone(snapshot.sliceFor(agent));
  const casbin = createDecisionPoint(slice, agent).decide([access], context);
  const deciding = { engine: 'compiled', shadow: 0 } as const;
  return { casbin, compiled: createDecisionPoint({ ...slice, deciding }, agent).decide([access], context) };
}

/** Policies that are compared, twelve questions each; more where `SALLYPORT_DECISIONS` says so. */
const RUNS = Math.ceil(Number(process.env['SALLYPORT_DECISIONS'] ?? 4_800) / 12);

describe('a policy under a model of its own', () => {
  it(
    'is decided by either engine as stock Casbin decides by that model, and by the same rows',
    async () => {
      await fc.assert(
        fc.asyncProperty(modelCase, questions(false), async (given, asked) => {
          const snapshot = load(given);
          const lines = snapshot.rules.map(({ cells }) => snapshot.layout.write(cells));
          expect(lines).toEqual(given.rows.map((cells) => `p, ${cells.join(', ')}`));
          const explainer = createExplainer(snapshot);
          const ask = given.rows.length === 0 ? undefined : await stock(given);
          for (const one of asked) {
            const { casbin, compiled } = decisionsOf(snapshot, one);
            const expected = ask?.(one) ?? { allowed: false, noted: [] };
            expect(casbin.effect).toBe(expected.allowed ? 'allow' : 'deny');
            expect(compiled).toEqual(casbin);
            const rows = casbin.rules.map(({ id }) => snapshot.rules.findIndex((rule) => rule.id === id));
            const named = rows.map((row) => given.rows[row]?.join());
            // Where no row can deny, Casbin stops at the first one that allows.
            if (given.notes && ask !== undefined)
              expect(given.model.includes('!some') ? named : named.slice(0, 1)).toEqual(expected.noted);
            const { agent, access, ...context } = one;
            const explanation = explainer.explain(agent, access, context);
            expect(explanation.decision).toEqual(casbin);
            expect(explanation.matched.every(({ row, line }) => row === lines[line - 1])).toBe(true);
            seen.decisions++;
            if (casbin.effect === 'allow') seen.allow++;
            if (casbin.effect === 'deny' && casbin.reason === 'forbidden-by-rule') seen.forbidden++;
            if (rows.some((row) => given.rows[row]?.some((text) => /^role:[xyz]/.test(text)))) seen.byRole++;
          }
        }),
        { numRuns: RUNS },
      );
      if (process.env['SALLYPORT_DECISIONS'] !== undefined) console.info('compared', seen); // the long mode is asked for its count
      // A comparison in which nothing is ever allowed is none.
      expect(seen.decisions).toBe(RUNS * 12);
      for (const kind of ['allow', 'forbidden', 'byRole'] as const)
        expect(seen[kind], kind).toBeGreaterThan(seen.decisions / 100);
    },
    120_000 + RUNS * 200,
  );

  it('allows nothing that stock Casbin denies where facts of a run are missing', async () => {
    await fc.assert(
      fc.asyncProperty(modelCase, questions(true), async (given, asked) => {
        if (given.rows.length === 0) return;
        const [snapshot, ask] = [load(given), await stock(given)];
        for (const one of asked) {
          const { casbin, compiled } = decisionsOf(snapshot, one);
          expect(compiled).toEqual(casbin);
          if (casbin.effect === 'allow') expect(ask(one).allowed).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it('proposes rows that its file can have, and that allow what they are proposed for', () => {
    const made = { proposed: 0, refused: 0 };
    fc.assert(
      fc.property(modelCase, question(false), (given, { agent, access, ...context }) => {
        const snapshot = load(given);
        for (const { mend = [] } of lintPolicy(snapshot, NOON))
          for (const row of mend) load({ ...given, rows: [row.split(', ').slice(1)] });
        const explanation = createExplainer(snapshot).explain(agent, access, context);
        if (explanation.decision.effect === 'allow' || explanation.decision.rules.length > 0) return;
        if (explanation.lineToAdd === undefined) {
          made.refused++;
          expect(explanation.note).toMatch(/./);
          return;
        }
        made.proposed++;
        const more = load({ ...given, rows: [...given.rows, explanation.lineToAdd.split(', ').slice(1)] });
        expect(decisionsOf(more, { agent, access, ...context }).casbin.effect).toBe('allow');
      }),
      { numRuns: 400 },
    );
    expect(made.proposed).toBeGreaterThan(50);
    expect(made.refused).toBeGreaterThan(10);
  });
});
