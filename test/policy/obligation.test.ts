import { describe, expect, it } from 'vitest';
import { parseObligations, strictest } from '../../host/policy/obligation.ts';
import { problemOf, row } from './fixture.ts';

describe('obligations', () => {
  it('are read from the cell', () => {
    expect(parseObligations('-', 'allow')).toEqual({});
    expect(parseObligations('rows=1000 timeout=2m log=full', 'allow')).toEqual({
      rows: 1000,
      timeoutMs: 120_000,
      log: 'full',
    });
  });

  it('of several rules are the strictest of each kind', () => {
    const all = ['rows=10 timeout=30s', 'rows=5 log=digest', 'timeout=1m log=full', '-'].map((cell) =>
      parseObligations(cell, 'allow'),
    );
    expect(strictest(all)).toEqual({ rows: 5, timeoutMs: 30_000, log: 'full' });
    expect(strictest(all.toReversed())).toEqual(strictest(all));
    expect(strictest([])).toEqual({});
  });

  it.each([
    'rate=60/m',
    'bytes=20MB',
    'bytes=20MB/h',
    'cost=5.00EUR/d',
    'concurrency=4',
    'redact=email|token',
    'label=secret',
    'approve=owner',
    'approve=owner ttl=15m',
    'alert=soc',
  ])('that are valid and not built yet are refused: %s', (then) => {
    const name = then.slice(0, then.indexOf('='));
    expect(problemOf(row({ then }))).toBe(`policy.csv:1:40: the obligation \`${name}\` is not supported yet`);
  });

  it('of a deny row are alert and log only', () => {
    expect(problemOf(row({ effect: 'deny', then: 'rows=5' }))).toBe(
      'policy.csv:1:39: a deny row carries only `alert` and `log`, not `rows`',
    );
    expect(problemOf(row({ effect: 'deny', then: 'alert=soc' }))).toContain('not supported yet');
    expect(parseObligations('log=full', 'deny')).toEqual({ log: 'full' });
  });

  it.each([
    ['rows=5 rows=6', 'policy.csv:1:47: `rows` stands twice in this cell'],
    ['ttl=15m', 'policy.csv:1:40: `ttl` stands only beside `approve`'],
    ['row=5', 'policy.csv:1:40: unknown obligation `row`; did you mean `rows`'],
    ['rows', 'policy.csv:1:40: `rows=` is not in the form of `rows=1000`'],
    ['rows=0', 'policy.csv:1:40: `rows=0` is not in the form of `rows=1000`'],
    ['rows=-1', 'policy.csv:1:40: `rows=-1` is not in the form of `rows=1000`'],
    ['rows=1e3', 'policy.csv:1:40: `rows=1e3` is not in the form of `rows=1000`'],
    ['rows=99999999999999999999', 'policy.csv:1:40: `99999999999999999999` is too large'],
    ['timeout=30', 'policy.csv:1:40: `timeout=30` is not in the form of `timeout=30s`'],
    ['timeout=30d', 'policy.csv:1:40: `30d` is too long; the longest is `24d`'],
    ['rate=60', 'policy.csv:1:40: `rate=60` is not in the form of `rate=60/m`'],
    ['log=none', 'policy.csv:1:40: `log=none` is not in the form of `log=full`'],
    ['rows=5 -', 'policy.csv:1:47: `-` is the empty cell and stands alone'],
    ['- # why', 'policy.csv:1:40: `-` is the empty cell and stands alone'],
    ['rows=5 # why', 'policy.csv:1:47: a comment has a line of its own'],
  ])('refuse %s', (then, expected) => {
    expect(problemOf(row({ then }))).toBe(expected);
  });
});
