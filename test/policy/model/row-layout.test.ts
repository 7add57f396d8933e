import { describe, expect, it } from 'vitest';
import { HostError } from '../../../host/contracts/errors.ts';
import { createDecisionPoint } from '../../../host/policy/decision-point.ts';
import { createExplainer } from '../../../host/policy/explanation.ts';
import { lintPolicy } from '../../../host/policy/policy-lint.ts';
import { loadPolicy, type PolicySnapshot } from '../../../host/policy/policy-snapshot.ts';
import { diffPolicies } from '../../../host/policy/row-diff.ts';
import { lintErrors } from '../../../host/policy/lint-errors.ts';
import { access, AGENT, NOON, VOCABULARY } from '../fixture.ts';

/** A model from its columns; a role is one of a domain where there is a column for it. */
function model(policy: string, matcher: string, roles = ''): string {
  const request = `sub, act, obj, ctx${policy.includes('dom') ? ', dom' : ''}`;
  const deny = policy.includes('eft') ? ' && !some(where (p.eft == deny))' : '';
  return [
    `[request_definition]\nr = ${request}`,
    `[policy_definition]\np = ${policy}`,
    ...(roles === '' ? [] : [`[role_definition]\ng = ${roles}`]),
    `[policy_effect]\ne = some(where (p.eft == allow))${deny}`,
    `[matchers]\nm = ${matcher}\n`,
  ].join('\n');
}

const DOMAINS = model(
  'sub, dom, obj, act, eft',
  'g(r.sub, p.sub, r.dom) && r.dom == p.dom && objMatch(r.obj, p.obj) && actMatch(r.act, p.act)',
  '_, _, _',
);
const SHORT = model('sub, obj, act', 'r.sub == p.sub && r.obj == p.obj && r.act == p.act');

const load = (own: string, text: string): PolicySnapshot =>
  loadPolicy({ policy: { file: 'policy.csv', text }, model: { file: 'model.conf', text: own } }, VOCABULARY, 1);

function problems(own: string, text: string): readonly string[] {
  try {
    load(own, text);
  } catch (error) {
    if (error instanceof HostError) return error.hints;
    throw error;
  }
  return [];
}

function decide(snapshot: PolicySnapshot, resource: string, environment?: string, action = 'fs:read', agent = AGENT) {
  const context = { nowMs: NOON, ...(environment === undefined ? {} : { environment }) };
  const point = createDecisionPoint(structuredClone(snapshot.sliceFor(agent)), agent);
  const decision = point.decide([access(action, resource)], context);
  return decision.effect === 'deny' ? decision.reason : decision.effect;
}

describe('a role of a domain', () => {
  const snapshot = load(
    DOMAINS,
    'p, role:reader, prod, /w/**, fs:*, allow\n' +
      'p, role:reader, test, /t/**, fs:*, allow\n' +
      'p, role:any, prod, /w/secret, fs:read, deny\n' +
      'g, agent:a, role:lead, prod\ng, role:lead, role:reader, prod\ng, agent:b, role:reader, test\n',
  );

  it('is held in runs of that environment, and in no other', () => {
    expect(decide(snapshot, '/w/a', 'prod')).toBe('allow');
    expect(decide(snapshot, '/w/a', 'test')).toBe('no-rule');
    expect(decide(snapshot, '/t/a', 'prod')).toBe('no-rule');
    expect(decide(snapshot, '/t/a', 'test')).toBe('no-rule');
    expect(decide(snapshot, '/t/a', 'test', 'fs:read', 'agent:b')).toBe('allow');
    expect(decide(snapshot, '/w/a', 'prod', 'fs:read', 'agent:b')).toBe('no-rule');
  });

  it('is held in no run without an environment, and a deny row of a domain is', () => {
    expect(decide(snapshot, '/w/a')).toBe('no-rule');
    expect(decide(snapshot, '/w/secret', 'prod')).toBe('forbidden-by-rule');
    expect(decide(snapshot, '/w/secret')).toBe('forbidden-by-rule');
  });

  it('is another one than the same role elsewhere', () => {
    expect(snapshot.rolesOf('agent:a')).toEqual(['role:any', 'role:lead@prod', 'role:reader@prod']);
    expect(snapshot.rules.map(({ row }) => row)).toEqual([
      'role:reader@prod, fs:*, /w/**, env=prod, allow, -',
      'role:reader@test, fs:*, /t/**, env=test, allow, -',
      'role:any, fs:read, /w/secret, env=prod, deny, -',
    ]);
  });

  it('cannot be named by a row as if it were one, nor be given in a domain that is no environment', () => {
    const given = 'g, agent:a, role:reader, prod\n';
    expect(problems(DOMAINS, `p, role:reader@prod, test, /w/**, fs:read, allow\n${given}`)).toEqual([
      'policy.csv:1:9: `reader@prod` is not a name; expected letters, digits, `.` `_` `-`',
    ]);
    expect(problems(DOMAINS, `p, role:reader, test, /w/**, fs:read, allow\n${given}`)).toEqual([
      'policy.csv:1:4: unknown role `role:reader@test`: no `g` row gives it to anybody; did you mean `role:reader@prod`',
    ]);
    expect(problems(DOMAINS, 'g, agent:a, role:reader, pord\n')).toEqual([
      'policy.csv:1:26: unknown domain `pord`: a domain is an environment; did you mean `prod`',
    ]);
    expect(problems(DOMAINS, 'g, agent:a, role:reader\n')).toEqual([
      'policy.csv:1:24: a `g` row has 3 cells after `g`, this one has 2; expected `g, member, role, domain`',
    ]);
  });

  it('closes a cycle in its own domain alone', () => {
    const rows = 'g, role:x, role:y, prod\ng, role:y, role:x, test\ng, agent:a, role:x, prod\n';
    expect(problems(DOMAINS, rows)).toEqual([]);
    expect(problems(DOMAINS, `${rows}g, role:y, role:x, prod\n`)).toEqual([
      'policy.csv:4:12: this row closes a cycle: `role:x@prod` already leads to `role:y@prod`',
    ]);
  });
});

describe('a row in columns of its own', () => {
  it.each([
    ['p, agent:a, prod, /w/**, fs:raed, allow', '26', 'unknown action `fs:raed`; did you mean `fs:read`'],
    ['p, agent:a, prod, /w/../x, fs:read, allow', '21', 'resources have no dot segments'],
    ['p, agent:a, pord, /w/**, fs:read, allow', '13', 'unknown environment `pord`; did you mean `prod`'],
    ['p, agent:a, prod|test, /w/**, fs:read, allow', '13', '`prod|test` is not one value'],
    ['p, agent:a, prod, /w/**, fs:read, alow', '35', '`alow` is not an effect'],
    ['p, agent:a, prod, /w/**, fs:read, allow, -', '42', 'a `p` row has 5 cells after `p`, this one has 6'],
  ])('has its mistakes told where they stand: %s', (row, column, message) => {
    expect(problems(DOMAINS, `${row}\n`)).toEqual([expect.stringContaining(`policy.csv:1:${column}: `)]);
    expect(problems(DOMAINS, `${row}\n`)[0]).toContain(message);
  });

  it('has no wildcards and roles where the model compares by equality', () => {
    expect(problems(SHORT, 'p, agent:a, /w/*, fs:read\np, agent:a, /w/x, fs:*\np, role:any, /w/x, fs:read\n')).toEqual([
      'policy.csv:1:16: the model compares resources as they are, so `*` stands for nothing; use `objMatch`',
      'policy.csv:2:19: `fs:*`: the model compares actions as they are; name one, or use `actMatch`',
      'policy.csv:3:4: `role:any`: the model has no roles; expected `agent:NAME`, or `g` in the model',
    ]);
    const snapshot = load(SHORT, 'p, agent:a, /w/x, fs:read\n');
    expect(decide(snapshot, '/w/x')).toBe('allow');
    expect(decide(snapshot, '/w/x/y')).toBe('no-rule');
    expect(problems(SHORT, 'g, agent:a, role:x\n')).toEqual([
      'policy.csv:1:1: unknown kind of row `g`: the model has no roles',
    ]);
  });

  it('is shown and proposed as the file would have it', () => {
    const snapshot = load(DOMAINS, 'p, agent:a, prod, /w/**, fs:*, allow\n');
    const explain = (resource: string, environment?: string) =>
      createExplainer(snapshot).explain(AGENT, access('fs:read', resource), {
        nowMs: NOON,
        ...(environment === undefined ? {} : { environment }),
      });
    expect(explain('/w/a', 'prod').matched).toMatchObject([{ row: 'p, agent:a, prod, /w/**, fs:*, allow' }]);
    expect(explain('/x', 'test').lineToAdd).toBe('p, agent:a, test, /x, fs:read, allow');
    expect(explain('/x').lineToAdd).toBeUndefined();
    expect(explain('/x').note).toBe('a row of this model names facts of the run that this run does not have');
    expect(explain('/w/a', 'test').near).toMatchObject([
      { differs: 'condition', row: 'p, agent:a, prod, /w/**, fs:*, allow' },
    ]);
  });

  it('is not proposed where the model has no column for what it would say', () => {
    const snapshot = load(SHORT, '');
    const asked = access('tool:call', 'tool:grep', { pattern: 'x' });
    const { lineToAdd, note } = createExplainer(snapshot).explain(AGENT, asked, { nowMs: NOON });
    expect(lineToAdd).toBeUndefined();
    expect(note).toBe('no row of this model (`p, who, resource, action`) can say that');
  });

  it('is warned of as any other, with rows that its file can have', () => {
    const rows =
      'p, agent:a, prod, https://h.test/**, http:GET, allow\np, agent:a, prod, https://h.test/s/x, http:GET, deny\n';
    const [gap, order, ...more] = lintPolicy(load(DOMAINS, rows), NOON);
    expect(gap?.mend).toContain('p, agent:a, prod, https://h.test/s/x/, http:GET, deny');
    expect(order?.message).toContain('this deny row stands below line 1');
    expect(more).toEqual([]);
  });

  it('is not said to lose an obligation to a row of the same domain, which holds no longer than it', () => {
    const own = model(
      'sub, dom, act, obj, then',
      'r.sub == p.sub && r.dom == p.dom && actMatch(r.act, p.act) && objMatch(r.obj, p.obj)',
    );
    const broad = 'https://h.test/**';
    const warnings = (domain: string) =>
      lintPolicy(
        load(
          own,
          `p, agent:a, ${domain}, http:GET, ${broad}, -\np, agent:a, prod, http:GET, https://h.test/x, timeout=5s\n`,
        ),
        NOON,
      ).map(({ message }) => message);
    const errors = (domain: string) =>
      lintErrors(
        load(
          own,
          `p, agent:a, ${domain}, http:GET, ${broad}, -\np, agent:a, prod, http:GET, https://h.test/x, timeout=5s\n`,
        ),
      ).length;
    expect([errors('prod'), errors('test')]).toEqual([0, 1]);
    expect(warnings('prod')).toEqual([]);
    expect(warnings('test')).toEqual([expect.stringContaining('asks for no `timeout`')]);
  });
});

describe('the difference of two policies', () => {
  const own = (text: string, of = DOMAINS) => ({
    policy: { file: 'policy.csv', text },
    model: { file: 'model.conf', text: of },
  });
  const ROW = 'p, agent:a, prod, /w/**, fs:*, allow\n';

  it('is that of what the rows mean, and shows them with the columns of their model', () => {
    const link = 'g, agent:a, role:x, prod\n';
    expect(diffPolicies(own(`${ROW}${link}`), own(`p, agent:a, test, /w/**, fs:*, allow\n`))).toMatchObject([
      {
        kind: 'changed',
        before: 'p, agent:a, prod, /w/**, fs:*, allow',
        after: 'p, agent:a, test, /w/**, fs:*, allow',
      },
      { kind: 'removed', before: 'g, agent:a, role:x, prod' },
    ]);
    expect(diffPolicies(own(ROW), own(`# why\n${ROW.replaceAll(', ', ',  ')}`))).toEqual([]);
  });

  it('shows each row with the columns of the model that it was written for', () => {
    const six = { policy: { file: 'policy.csv', text: 'p, agent:a, fs:*, /w/**, env=test, allow, -\n' } };
    expect(diffPolicies(own(ROW), six)).toMatchObject([
      { before: 'p, agent:a, prod, /w/**, fs:*, allow', after: 'p, agent:a, fs:*, /w/**, env=test, allow, -' },
    ]);
  });

  it('is seen where the model alone was changed: then what the row means is shown', () => {
    const held = DOMAINS.replace('m = ', 'm = r.ctx.purpose == "audit" && ');
    expect(diffPolicies(own(ROW), own(ROW, held))).toMatchObject([
      { kind: 'changed', direction: 'narrows', after: 'p, agent:a, fs:*, /w/**, purpose=audit env=prod, allow, -' },
    ]);
  });
});

describe('a model that names facts of the run', () => {
  const PURPOSES = model(
    'purpose, sub, act, obj',
    'r.sub == p.sub && r.act == p.act && objMatch(r.obj, p.obj) && r.ctx.purpose == p.purpose && r.ctx.env != "prod"',
  );
  const snapshot = load(PURPOSES, 'p, triage, agent:a, fs:read, /w/**\n');
  const ask = (context: object) =>
    createDecisionPoint(snapshot.sliceFor(AGENT), AGENT).decide([access('fs:read', '/w/a')], {
      nowMs: NOON,
      ...context,
    });

  it('allows where they are so, and where nobody knows denies', () => {
    expect(ask({ purpose: 'triage', environment: 'test' })).toMatchObject({ effect: 'allow' });
    expect(ask({ purpose: 'audit', environment: 'test' })).toMatchObject({ effect: 'deny' });
    expect(ask({ purpose: 'triage', environment: 'prod' })).toMatchObject({ effect: 'deny' });
    expect(ask({ purpose: 'triage' })).toMatchObject({ effect: 'deny' });
    expect(ask({ environment: 'test' })).toMatchObject({ effect: 'deny' });
  });

  it('says so where no row can help', () => {
    const context = { nowMs: NOON, purpose: 'audit', environment: 'prod' };
    const { lineToAdd, note } = createExplainer(snapshot).explain(AGENT, access('fs:read', '/w/a'), context);
    expect(lineToAdd).toBeUndefined();
    expect(note).toBe('the model holds every row to `env!=prod purpose=audit`, and this run is not like that');
  });
});
