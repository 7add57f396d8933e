import { describe, expect, it } from 'vitest';
import { parseObligations, strictest } from '../../host/policy/obligation.ts';
import type { BudgetTerm, Obligations } from '../../host/contracts/decision.ts';
import { problemOf, row, VOCABULARY } from './fixture.ts';

const budget = (term: Omit<BudgetTerm, 'rule' | 'scope'> & Partial<BudgetTerm>): BudgetTerm => ({
  rule: '',
  scope: 'agent',
  ...term,
});

describe('obligations', () => {
  it('are read from the cell', () => {
    expect(parseObligations('-', 'allow', VOCABULARY)).toEqual({});
    expect(parseObligations('rows=1000 timeout=2m log=full', 'allow', VOCABULARY)).toEqual({
      rows: 1000,
      timeoutMs: 120_000,
      log: 'full',
    });
  });

  it('of several rules are the strictest of each kind', () => {
    const all = ['rows=10 timeout=30s', 'rows=5 log=digest', 'timeout=1m log=full', '-'].map((cell) =>
      parseObligations(cell, 'allow', VOCABULARY),
    );
    expect(strictest(all)).toEqual({ rows: 5, timeoutMs: 30_000, log: 'full' });
    expect(strictest(all.toReversed())).toEqual(strictest(all));
    expect(strictest([])).toEqual({});
  });

  it.each<[string, Obligations]>([
    ['rate=60/m', { budgets: [budget({ kind: 'rate', limit: 60, periodMs: 60_000 })] }],
    ['rate=1/s@role', { budgets: [budget({ kind: 'rate', limit: 1, periodMs: 1_000, scope: 'role' })] }],
    ['bytes=20MB', { bytes: 20_000_000 }],
    ['bytes=20MB/h', { budgets: [budget({ kind: 'bytes', limit: 20_000_000, periodMs: 3_600_000 })] }],
    [
      'cost=5.00EUR/d',
      { budgets: [budget({ kind: 'cost', limit: 5_000_000, currency: 'EUR', periodMs: 86_400_000 })] },
    ],
    ['concurrency=4', { budgets: [budget({ kind: 'concurrency', limit: 4 })] }],
    ['redact=token|email', { redact: ['email', 'token'] }],
    ['label=secret', { label: { name: 'secret', rank: 3 } }],
    ['approve=owner', { approval: { roles: ['owner'], ttlMs: 900_000 } }],
    ['approve=owner ttl=2m', { approval: { roles: ['owner'], ttlMs: 120_000 } }],
    ['ttl=1h approve=owner', { approval: { roles: ['owner'], ttlMs: 3_600_000 } }],
    ['alert=soc', { alert: ['soc'] }],
  ])('read %s', (then, expected) => {
    expect(parseObligations(then, 'allow', VOCABULARY)).toEqual(expected);
  });

  it('of several rules: every counter, every person, every detector, the highest label', () => {
    const all = [
      'rate=60/m approve=owner redact=email label=internal ttl=1h bytes=1KB',
      'rate=10/s approve=cfo redact=iban label=secret ttl=5m',
    ].map((cell) => parseObligations(cell, 'allow', VOCABULARY));
    const merged = strictest(all);
    expect(merged).toMatchObject({
      bytes: 1_000,
      redact: ['email', 'iban'],
      label: { name: 'secret' },
      approval: { roles: ['cfo', 'owner'], ttlMs: 300_000 },
    });
    expect(merged.budgets).toHaveLength(2);
    expect(strictest(all.toReversed())).toEqual(merged);
    expect(strictest([merged, merged])).toEqual(merged);
  });

  it('of a deny row are alert and log only', () => {
    expect(problemOf(row({ effect: 'deny', then: 'rows=5' }))).toBe(
      'policy.csv:1:39: a deny row carries only `alert` and `log`, not `rows`',
    );
    expect(parseObligations('alert=soc', 'deny', VOCABULARY)).toEqual({ alert: ['soc'] });
    expect(parseObligations('log=full', 'deny', VOCABULARY)).toEqual({ log: 'full' });
  });

  it.each([
    ['rows=5 rows=6', 'policy.csv:1:47: `rows` stands twice in this cell'],
    ['ttl=15m', 'policy.csv:1:40: `ttl` stands only beside `approve`'],
    ['row=5', 'policy.csv:1:40: unknown obligation `row`; did you mean `rows`'],
    ['rows', 'policy.csv:1:40: `rows=` is not in the form of `rows=1000`'],
    ['rows=0', 'policy.csv:1:40: `rows=0` is not in the form of `rows=1000`'],
    ['rows=-1', 'policy.csv:1:40: `rows=-1` is not in the form of `rows=1000`'],
    ['rows=1e3', 'policy.csv:1:40: `rows=1e3` is not in the form of `rows=1000`'],
    ['rows=99999999999999999999', 'policy.csv:1:45: `99999999999999999999` is too large'],
    ['timeout=30', 'policy.csv:1:40: `timeout=30` is not in the form of `timeout=30s`'],
    ['timeout=30d', 'policy.csv:1:48: `30d` is too long; the longest is `24d`'],
    ['rate=060/m', 'policy.csv:1:40: `rate=060/m` is not in the form of `rate=60/m`; did you mean `rate=60/m`'],
    ['rate=60/M', 'policy.csv:1:40: `rate=60/M` is not in the form of `rate=60/m`; did you mean `rate=60/m`'],
    [
      'rate=60/m@agnet',
      'policy.csv:1:40: `rate=60/m@agnet` is not in the form of `rate=60/m`; did you mean `rate=60/m@agent`',
    ],
    [
      'bytes=20mb/h',
      'policy.csv:1:40: `bytes=20mb/h` is not in the form of `bytes=20MB/h`; did you mean `bytes=20MB/h`',
    ],
    [
      'cost=05.00EUR/d',
      'policy.csv:1:40: `cost=05.00EUR/d` is not in the form of `cost=5.00EUR/d`; did you mean `cost=5.00EUR/d`',
    ],
    [
      'cost=5eur/d',
      'policy.csv:1:40: `cost=5eur/d` is not in the form of `cost=5.00EUR/d`; did you mean `cost=5EUR/d`',
    ],
    ['log=ful', 'policy.csv:1:40: `log=ful` is not in the form of `log=full`; did you mean `log=full`'],
    [
      'approve=own!er',
      'policy.csv:1:40: `approve=own!er` is not in the form of `approve=owner`; did you mean `approve=owner`',
    ],
    ['rate=60', 'policy.csv:1:40: `rate=60` is not in the form of `rate=60/m`'],
    ['rate=60/m@team', 'policy.csv:1:40: `rate=60/m@team` is not in the form of `rate=60/m`'],
    ['redact=emial', 'policy.csv:1:47: unknown detector `emial`; did you mean `email`'],
    ['redact=email|email', 'policy.csv:1:47: `email` stands twice in this list'],
    ['label=secrets', 'policy.csv:1:46: unknown label `secrets`; did you mean `secret`'],
    ['approve=ower', 'policy.csv:1:48: unknown approver `ower`; did you mean `owner`'],
    ['alert=sock', 'policy.csv:1:46: unknown alert `sock`; did you mean `soc`'],
    ['cost=0.00EUR/d', 'policy.csv:1:45: a budget of nothing is a deny row'],
    ['cost=0.0000001EUR/d', 'policy.csv:1:45: `0.0000001` is finer than a millionth'],
    ['bytes=9999999999GB/d', 'policy.csv:1:46: `9999999999GB` is too large'],
    ['log=none', 'policy.csv:1:40: `log=none` is not in the form of `log=full`'],
    ['rows=5 -', 'policy.csv:1:47: `-` is the empty cell and stands alone'],
    ['- # why', 'policy.csv:1:42: a comment has a line of its own, which begins with `#`'],
    ['rows=5 # why', 'policy.csv:1:47: a comment has a line of its own, which begins with `#`'],
  ])('refuse %s', (then, expected) => {
    expect(problemOf(row({ then }))).toBe(expected);
  });
});
