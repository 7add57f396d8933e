import { describe, expect, it } from 'vitest';
import type { Attribute } from '../../host/contracts/request.ts';
import { oppositeOf } from '../../host/policy/counter-row.ts';
import { lintPolicy } from '../../host/policy/policy-lint.ts';
import { compileRule, createCellCompiler } from '../../host/policy/rule.ts';
import { access, load, NOON, pointOf, row, VOCABULARY } from './fixture.ts';

const compile = (when: string) => {
  const [placed] = load(row({ when })).rules;
  if (placed === undefined) throw new TypeError(when);
  return compileRule(placed, createCellCompiler(VOCABULARY)).condition;
};
const VALUES: readonly Attribute[] = ['x', 'y/z', 5, 6, true, ['x', 'x'], ['x', 'y'], []];

describe('the opposite of a clause', () => {
  it.each([
    'hours(08-19 UTC)',
    'hours(22-06 Europe/Paris)',
    'before(2026-03-02T11:00Z)',
    'after(2026-03-03)',
    'purpose=triage',
    'purpose!=triage|audit',
    'env=prod',
    'on-behalf-of=user:ada',
    'arg.n=x',
    'arg.n!=x|5',
    'arg.n~y/*',
    'arg.n!~y/*',
    'arg.n<6',
    'arg.n<=5',
    'arg.n>5',
    'arg.n>=6',
    'arg.a.b-c=x',
    'label<=internal',
    'label>=confidential',
    'days(mon-fri UTC)',
    'days(sun+tue-wed UTC)',
    'days(sat-mon UTC)',
  ])('of %s is true where that is false, false where it is true, undecided where it is', (clause) => {
    const opposite = oppositeOf(clause, VOCABULARY.labels);
    const [one, other] = [compile(clause), compile(opposite ?? '')];
    for (const hour of [0, 7, 8, 11, 12, 19, 22, 24, 48, 72, 96, 120, 144])
      for (const purpose of ['triage', 'audit', undefined])
        for (const value of [...VALUES, undefined]) {
          const context = {
            nowMs: Date.parse('2026-03-02T00:00Z') + hour * 3_600_000,
            ...(purpose === undefined ? {} : { purpose, environment: 'prod', onBehalfOf: `user:${purpose}` }),
          };
          const named =
            value === undefined
              ? []
              : ([
                  ['n', value],
                  ['a.b-c', value],
                ] as const);
          // A label for each purpose, and none without one.
          const label = { triage: 'internal', audit: 'confidential' }[purpose ?? ''];
          const [is, isNot] = [one, other].map((condition) =>
            condition.test({ context, attributes: new Map(named), label }),
          );
          expect(isNot, `${clause} with ${JSON.stringify({ context, value })}`).toBe(is === 'undecided' ? is : !is);
        }
  });

  it('of a clause that has none is not there', () => {
    for (const clause of ['label=internal', 'label<=secret', 'label>=public', 'label<=unknown', 'days(mon-sun UTC)'])
      expect(oppositeOf(clause, ['public', 'internal', 'secret']), clause).toBeUndefined();
  });
});

describe('once they stand beside it, a row that the lint called an error', () => {
  const BROAD = row({ resource: '/w/**' });
  it.each([
    'purpose=triage',
    'purpose=triage env=prod hours(22-06 Europe/Paris)',
    'label<=internal',
    'label>=confidential days(mon-fri UTC)',
    'on-behalf-of=user:ada before(2026-05-01)',
  ])('%s is one no more, with all of them and not with all but one', (when) => {
    const text = row({ resource: '/w/x', when, then: 'rate=1/m' }) + BROAD;
    const errors = (rows: readonly string[]) =>
      lintPolicy(load(rows.map((line) => `${line}\n`).join('') + text), NOON).filter(
        ({ severity }) => severity === 'error',
      );
    const mend = errors([])[0]?.mend ?? [];
    expect(mend).toHaveLength(compile(when).clauses.length);
    expect(lintPolicy(load(`${mend.join('\n')}\n${text}`), NOON)).toEqual([]);
    for (const left of mend) expect(errors(mend.filter((one) => one !== left))).toHaveLength(1);
    for (const wide of mend)
      for (const narrow of [
        wide.replace('/w/x', '/w/y'),
        wide.replace('role:any', 'agent:b'),
        wide.replace(', deny', ' arg.n=1, deny'),
      ])
        expect(errors(mend.map((one) => (one === wide ? narrow : one)))).toHaveLength(1);
  });
});

describe('the deny rows that make a condition a requirement', () => {
  it('are those that the lint names, and they do', () => {
    const text =
      row({ action: 'db:select', resource: 'db:main/o*' }) +
      row({ action: 'db:select', resource: 'db:main/orders', when: 'purpose=triage env=prod', then: 'rows=5' });
    const [warning] = lintPolicy(load(text), NOON);
    const mend = warning?.mend ?? [];
    expect(mend).toEqual([
      'p, role:any, db:select, db:main/orders, purpose!=triage, deny, -',
      'p, role:any, db:select, db:main/orders, env!=prod, deny, -',
    ]);
    const point = pointOf(`${mend.join('\n')}\n${text}`);
    const ask = (context: object) => point.decide([access('db:select', 'db:main/orders')], { nowMs: NOON, ...context });
    expect(ask({ purpose: 'triage', environment: 'prod' })).toMatchObject({
      effect: 'allow',
      obligations: { rows: 5 },
    });
    for (const context of [{}, { purpose: 'audit', environment: 'prod' }, { purpose: 'triage' }])
      expect(ask(context)).toMatchObject({ effect: 'deny' });
  });
});
