import { describe, expect, it } from 'vitest';
import { lintPolicy } from '../../host/policy/policy-lint.ts';
import { load, NOON, row } from './fixture.ts';

const db = (resource: string, cells: Parameters<typeof row>[0] = {}) =>
  row({ action: 'db:select', resource, ...cells });
const lint = (text: string) => lintPolicy(load(text), NOON).map(({ line, message }) => `${line}: ${message}`);
const mends = (text: string) => lintPolicy(load(text), NOON).map(({ mend }) => mend);

describe('policy lint', () => {
  it('warns of a person whom nobody can wait for', () => {
    const ask = (action: string, resource: string) => lint(row({ action, resource, then: 'approve=owner ttl=5m' }));
    expect(ask('log:write', 'log:info')).toEqual([expect.stringContaining('no gate of `log` can do `approve`')]);
    expect(ask('policy:check', 'policy:check')).toEqual([expect.stringContaining('`approve`')]);
    expect(
      lintPolicy(load(row({ action: 'log:write', resource: 'log:info', then: 'approve=owner ttl=5m' })), NOON)[0]?.mend,
    ).toEqual(['p, role:any, log:write, log:info, -, allow, -']);
    expect(ask('fs:write', '/w/a')).toEqual([]);
    expect(ask('tool:call', 'tool:bank/pay')).toEqual([]);
  });

  it('has nothing to say about a policy without oddities', () => {
    const text =
      'g, agent:a, role:x\n' +
      row({ action: 'fs:*', resource: '/w/**/.env', effect: 'deny' }) +
      row({ who: 'role:x' }) +
      row({
        who: 'role:x',
        action: 'http:GET',
        resource: 'https://*.example.com/**',
        when: 'hours(08-19 UTC) before(2027-01-01)',
        then: 'timeout=5s',
      }) +
      row({ who: 'role:x', action: 'db:select', resource: 'db:main/orders', then: 'rows=10' });
    expect(lint(text)).toEqual([]);
  });

  it('warns of a row that is past', () => {
    expect(lint(row({ when: 'before(2026-03-02)' }))).toEqual([
      '1: `before(2026-03-02)` is past: this row never matches again',
    ]);
    expect(lint(row({ when: 'before(2026-03-03)' }))).toEqual([]);
  });

  it('warns of a row whose resource is of another capability', () => {
    expect(lint(row({ resource: 'https://h/**' }))).toEqual([
      '1: this row never matches: no `fs` request has a resource like `https://h/**`',
    ]);
  });

  it('warns of an allow row that a deny row takes away', () => {
    expect(lint(row({ action: 'fs:*', resource: '/**', effect: 'deny' }) + row())).toEqual([
      '2: line 1 denies everything that this row allows',
    ]);
    expect(lint(row({ effect: 'deny' }) + row())).toEqual(['2: line 1 denies everything that this row allows']);
    expect(lint(row({ effect: 'deny', when: 'env=prod' }) + row())).toEqual([]);
    expect(lint(row({ who: 'agent:b', effect: 'deny' }) + row({ who: 'agent:a' }))).toEqual([]);
  });

  it('warns of a row that another makes needless, of two that are alike only of the lower', () => {
    expect(lint(row({ resource: '/**' }) + row())).toEqual(['2: line 1 allows all of this already']);
    expect(lint(row({ resource: '/**', effect: 'deny' }) + row({ effect: 'deny' }))).toEqual([
      '2: line 1 denies all of this already',
    ]);
    expect(lint(row({ then: 'log=full' }) + row())).toEqual(['2: line 1 allows all of this already']);
  });

  it('warns of a condition that restricts nothing', () => {
    expect(lint(row({ resource: '/**' }) + row({ when: 'env=prod' }))).toEqual([
      '2: line 1 allows all of this without a condition: the condition here restricts nothing',
    ]);
  });

  it('warns of obligations that a broader row lets pass at other times', () => {
    const [warning, ...more] = lint(
      db('db:main/*', { when: 'purpose=triage arg.statement=x' }) +
        db('db:main/a', { when: 'hours(08-19 UTC)', then: 'rows=5 timeout=1s' }),
    );
    expect(more).toEqual([]);
    expect(warning).toBe(
      '2: line 1 allows this too, and asks for no `rows`, `timeout`: while the condition here is not true, nothing asks for it; to require it, write a deny row',
    );
  });

  it('warns of a broader row that has less masked, and says what mends it', () => {
    const narrow = row({ resource: '/a/**', when: 'env=prod', then: 'redact=email|iban' });
    const expected =
      '2: line 1 allows this too, and asks for no `redact`: while the condition here is not true, nothing asks for it; to require it, write a deny row';
    const broad = (then: string) => row({ resource: '/**', when: 'purpose=triage', then });
    expect(lint(broad('-') + narrow)).toEqual([expected]);
    expect(lint(broad('redact=email') + narrow)).toEqual([expected]);
    expect(lint(broad('redact=email|iban') + narrow)).toEqual([]);
    expect(mends(broad('-') + narrow)).toEqual([['p, role:any, fs:read, /a/**, env!=prod, deny, -']]);
  });

  it('knows that a role covers the roles and agents that have it', () => {
    const text = 'g, agent:a, role:x\ng, role:x, role:y\n';
    expect(lint(text + row({ who: 'role:y', resource: '/**' }) + row({ who: 'agent:a' }))).toHaveLength(1);
    expect(lint(text + row({ who: 'agent:a', resource: '/**' }) + row({ who: 'role:y' }))).toEqual([]);
  });

  it('warns once of deny rows that a file which is cut short would lose', () => {
    const text =
      row() + row({ resource: '/w/**/.env', effect: 'deny' }) + row({ resource: '/w/**/*.key', effect: 'deny' });
    expect(lint(text)).toEqual([
      '2: this deny row stands below line 1, which it narrows: a file that is cut between them allows more; write deny rows first',
    ]);
  });

  it('takes time that grows with the policy, not with its square', () => {
    const text = Array.from({ length: 5_000 }, (_, n) => row({ resource: `/w/${n}/**` })).join('');
    const start = performance.now();
    expect(lint(text)).toEqual([]);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});
