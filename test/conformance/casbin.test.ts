import { join } from 'node:path';
import { newEnforcer, newModelFromString, type Enforcer } from 'casbin';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/contracts/errors.ts';
import { readModelLayout } from '../../host/policy/model/model-layout.ts';
import { parseModel, type Model } from '../../host/policy/model/model.ts';
import { createProblemList } from '../../host/policy/problem-list.ts';
import { createCellCompiler } from '../../host/policy/rule.ts';
import { VOCABULARY } from '../policy/fixture.ts';
import { conformanceSet } from '../support/conformance.ts';
import { readCases, readData, type CasbinCase } from './casbin-cases.ts';
import { plainPolicy, type PlainPolicy } from './plain-policy.ts';

const set = conformanceSet('casbin');
const directory = set.found ? set.directory : '';
const cases = set.found ? readCases(directory) : [];
const MODELS = [...new Set(cases.map(({ model }) => model))];

const ENGINES = [
  ['Casbin behind the index', { engine: 'casbin' }],
  ['the compiled engine', { engine: 'compiled', shadow: 0 }],
  ['the compiled engine, Casbin looking at every decision', { engine: 'compiled', shadow: 1 }],
] as const;

/** How many of the refused cases need what; a case may need several things. */
const REFUSED = {
  'allow-and-deny': 8,
  attributes: 76,
  'deny-override-only': 3,
  domains: 43,
  eval: 48,
  globMatch: 25,
  in: 12,
  ipMatch: 32,
  keyGet2: 3,
  keyMatch: 125,
  keyMatch2: 8,
  'no-policy': 62,
  numbers: 36,
  priority: 73,
  regexMatch: 127,
  roles: 144,
  'several-role-sections': 52,
  'several-sections': 1,
  'subject-priority': 6,
};

const countIn = (counts: Map<string, number>, name: string): Map<string, number> =>
  counts.set(name, (counts.get(name) ?? 0) + 1);

/** What came of a case. `refused` by the model or a row; `closed` is a deny where Casbin would allow. */
type Result = 'answered' | 'refused' | 'closed' | 'OPENED';

function modelOf(name: string): Model | undefined {
  const problems = createProblemList();
  const model = parseModel({ file: name, text: readData(directory, name) }, problems);
  expect(model === undefined).toBe(!problems.empty());
  return model;
}

describe.skipIf(!set.found)(`the conformance cases of Casbin${set.found ? '' : ` (${set.reason})`}`, () => {
  it('are read as stock node-casbin reads them: it is wrong in eight, and only towards deny', async () => {
    const enforcers = new Map<string, Enforcer>();
    const wrong: CasbinCase[] = [];
    for (const given of cases) {
      const key = `${given.model} ${given.policy ?? ''}`;
      const path = (name: string) => join(directory, 'data', name);
      const enforcer =
        enforcers.get(key) ??
        (given.policy === null
          ? await newEnforcer(newModelFromString(readData(directory, given.model)))
          : await newEnforcer(path(given.model), path(given.policy)));
      enforcers.set(key, enforcer);
      if ((await enforcer.enforce(...given.request)) !== given.expected) wrong.push(given);
    }
    expect(cases).toHaveLength(909);
    expect(wrong.map(({ expected }) => expected)).toEqual(Array(8).fill(true));
    expect(
      wrong.flatMap(({ features }) => features).filter((name) => /^(?:keyMatch|globMatch|in)$/.test(name)),
    ).toHaveLength(8);
  });

  describe.each(ENGINES)('under %s', (_, deciding) => {
    const policies = new Map<string, PlainPolicy | undefined>();
    const models = new Map<string, Model | undefined>();

    function policyOf({ model: name, policy }: CasbinCase): PlainPolicy | undefined {
      const key = `${name} ${policy ?? ''}`;
      if (policies.has(key)) return policies.get(key);
      if (!models.has(name)) models.set(name, modelOf(name));
      const model = models.get(name);
      let made: PlainPolicy | undefined;
      try {
        const source = { file: policy ?? 'none', text: readData(directory, policy) };
        made = model === undefined ? undefined : plainPolicy(model, source, deciding);
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        expect(error.hints.join()).toMatch(/a `g` row has 2 cells after `g`, this one has 3/);
      }
      policies.set(key, made);
      return made;
    }

    function resultOf(given: CasbinCase): Result {
      const ask = policyOf(given);
      if (ask === undefined) return 'refused';
      const columns = models.get(given.model)?.request ?? [];
      const { allowed, rows } = ask(new Map(columns.map((column, index) => [column, given.request[index] as string])));
      if (allowed !== given.expected) return allowed ? 'OPENED' : 'closed';
      if (given.explain !== undefined)
        expect(rows, given.source).toEqual(
          given.explain.length === 0 ? [] : expect.arrayContaining([given.explain.join(', ')]),
        );
      return 'answered';
    }

    const results = cases.map((given) => [given, resultOf(given)] as const);
    const having = (result: Result) => results.filter(([, found]) => found === result).map(([given]) => given);

    it('never allow what must be denied', () => expect(having('OPENED')).toEqual([]));

    it('are answered as expected, all that need nothing but equality, roles, domains and denials', () => {
      const supported = ['roles', 'allow-and-deny', 'domains'];
      const plain = results.filter(([{ features }]) => features.every((name) => supported.includes(name)));
      const open = plain.filter(([, result]) => result !== 'answered').map(([given]) => given.policy);
      // A third column in a `g` row that the model does not define: Casbin drops it, the reader does not.
      expect(open).toEqual(Array(8).fill('derived/policy-08.csv'));
      const withoutDomains = plain.filter(([{ features }]) => !features.includes('domains'));
      expect([withoutDomains.length, withoutDomains.filter(([{ expected }]) => expected).length]).toEqual([350, 130]);
    });

    it('are denied under an empty policy, where Casbin asks the matcher once with empty cells', () => {
      const closed = having('closed');
      expect(closed.map(({ policy, features }) => [policy, features])).toEqual(Array(8).fill([null, ['no-policy']]));
    });

    it('are else refused on purpose: by what their models and rows need', () => {
      const refused = having('refused');
      const counts = refused.flatMap(({ features }) => features).reduce(countIn, new Map<string, number>());
      expect(Object.fromEntries(counts)).toEqual(REFUSED);
      // Every one needs something that is refused, or is a case of the rows with a third column.
      const reasons = refused.filter(({ policy }) => policy !== 'derived/policy-08.csv');
      const known = [...Object.keys(REFUSED)].filter((name) => !['roles', 'allow-and-deny', 'domains'].includes(name));
      expect(reasons.filter(({ features }) => !features.some((name) => known.includes(name)))).toEqual([]);
      expect([refused.length, having('answered').length]).toEqual([463, 438]);
    });
  });

  it('have models that a host takes for its own policies, and others', () => {
    const compiler = createCellCompiler(VOCABULARY);
    const taken = MODELS.filter((file) => {
      const problems = createProblemList();
      return readModelLayout({ file, text: readData(directory, file) }, compiler, problems) !== undefined;
    });
    expect(taken).toEqual([
      'casbin/basic_model.conf',
      'casbin/basic_model_without_spaces.conf',
      'casbin/rbac_model.conf',
      'casbin/rbac_with_domains_model.conf',
      'casbin/rbac_with_deny_model.conf',
      'casbin/rbac_model_in_multi_line.conf',
      'casbin/comment_model.conf',
      'derived/model-06.conf',
      'derived/model-07.conf',
      'node-casbin/basic_model.conf',
      'node-casbin/rbac_with_deny_model.conf',
      'node-casbin/rbac_model.conf',
      'node-casbin/rbac_with_domains_model.conf',
      'derived/model-08.conf',
    ]);
  });
});
