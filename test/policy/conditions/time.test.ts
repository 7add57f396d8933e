import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../host/policy/conditions/clause.ts';
import { createZoneClocks } from '../../../host/policy/conditions/zone-clock.ts';
import { parseCondition } from '../../../host/policy/condition.ts';
import { problemOf, row, VOCABULARY } from '../fixture.ts';

const scope = { words: VOCABULARY, zones: createZoneClocks(), isArgument: () => true };
const at = (cell: string, instant: string | number): Verdict =>
  parseCondition(cell, scope).test({
    context: { nowMs: typeof instant === 'number' ? instant : Date.parse(instant) },
    attributes: new Map(),
  });

describe('hours', () => {
  it('holds from the first minute to before the last', () => {
    const cell = 'hours(08-19 Europe/Paris)';
    expect(at(cell, '2026-01-15T06:59:59.999Z')).toBe(false);
    expect(at(cell, '2026-01-15T07:00:00Z')).toBe(true);
    expect(at(cell, '2026-01-15T17:59:59.999Z')).toBe(true);
    expect(at(cell, '2026-01-15T18:00:00Z')).toBe(false);
  });

  it('wraps over midnight', () => {
    const cell = 'hours(22-06 UTC)';
    expect(at(cell, '2026-01-15T21:59:00Z')).toBe(false);
    expect(at(cell, '2026-01-15T22:00:00Z')).toBe(true);
    expect(at(cell, '2026-01-15T00:00:00Z')).toBe(true);
    expect(at(cell, '2026-01-15T05:59:00Z')).toBe(true);
    expect(at(cell, '2026-01-15T06:00:00Z')).toBe(false);
  });

  it('takes minutes', () => {
    expect(at('hours(08:30-08:45 UTC)', '2026-01-15T08:29:00Z')).toBe(false);
    expect(at('hours(08:30-08:45 UTC)', '2026-01-15T08:44:00Z')).toBe(true);
    expect(at('hours(08:30-08:45 UTC)', '2026-01-15T08:45:00Z')).toBe(false);
  });

  it('follows the clock through the night when summer time begins', () => {
    // Europe/Paris, 2026-03-29: 01:59 is followed by 03:00, at 01:00Z.
    expect(at('hours(02-03 Europe/Paris)', '2026-03-29T00:59:00Z')).toBe(false);
    expect(at('hours(02-03 Europe/Paris)', '2026-03-29T01:00:00Z')).toBe(false);
    expect(at('hours(03-04 Europe/Paris)', '2026-03-29T01:00:00Z')).toBe(true);
  });

  it('follows the clock through the hour that comes twice when summer time ends', () => {
    // Europe/Paris, 2026-10-25: 02:00 to 02:59 comes twice, from 00:00Z and from 01:00Z.
    expect(at('hours(02-03 Europe/Paris)', '2026-10-24T23:59:00Z')).toBe(false);
    expect(at('hours(02-03 Europe/Paris)', '2026-10-25T00:30:00Z')).toBe(true);
    expect(at('hours(02-03 Europe/Paris)', '2026-10-25T01:30:00Z')).toBe(true);
    expect(at('hours(02-03 Europe/Paris)', '2026-10-25T02:00:00Z')).toBe(false);
  });

  it('knows zones that are off by half an hour', () => {
    expect(at('hours(08-09 Asia/Kolkata)', '2026-01-15T02:30:00Z')).toBe(true);
    expect(at('hours(08-09 Asia/Kolkata)', '2026-01-15T02:29:00Z')).toBe(false);
  });

  it('answers each instant afresh when the clock steps back', () => {
    const condition = parseCondition('hours(08-19 UTC)', scope);
    const ask = (instant: string) => condition.test({ context: { nowMs: Date.parse(instant) }, attributes: new Map() });
    expect([ask('2026-01-15T12:00:00Z'), ask('2026-01-15T20:00:00Z'), ask('2026-01-15T12:00:00Z')]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('is undecided without a trusted clock', () => {
    for (const nowMs of [Number.NaN, Infinity, -Infinity, 1e300])
      expect(at('hours(08-19 UTC)', nowMs)).toBe('undecided');
    expect(at('days(mon UTC)', Number.NaN)).toBe('undecided');
    expect(at('before(2026-12-31)', Number.NaN)).toBe('undecided');
    expect(at('after(2026-12-31)', Number.NaN)).toBe('undecided');
  });

  it.each([
    ['hours(8-19 UTC)', 'policy.csv:1:36: `8` is not a time; expected `00` to `23`, or `HH:MM`'],
    ['hours(08-24 UTC)', 'policy.csv:1:39: `24` is not a time; expected `00` to `23`, or `HH:MM`'],
    [
      'hours(08-08 UTC)',
      'policy.csv:1:36: the range begins and ends at the same time; leave the clause out for the whole day',
    ],
    ['hours(08 UTC)', 'policy.csv:1:36: `08` is not a range of hours; expected for instance `08-19`'],
    ['hours(08-19)', 'policy.csv:1:36: expected a range and a time zone, as in `08-19 Europe/Paris`'],
    ['hours(08-19 Europe/Pariss)', 'policy.csv:1:42: unknown time zone `Europe/Pariss`; did you mean `Europe/Paris`'],
    ['hours(08-19 UTC', 'policy.csv:1:35: `(` without `)`'],
    ['hours(08-19 UTC))', 'policy.csv:1:46: `)` without `(`'],
    ['hours(08-19 UTC)x', 'policy.csv:1:47: expected `)` at the end of the clause'],
    ['hous(08-19 UTC)', 'policy.csv:1:30: unknown clause `hous(08-19 UTC)`; did you mean `hours(`'],
  ])('refuses %s', (when, expected) => {
    expect(problemOf(row({ when }))).toBe(expected);
  });
});

describe('days', () => {
  it('is the local day of now', () => {
    // 2026-03-01 is a Sunday; in Auckland it is Monday from 11:00Z.
    expect(at('days(mon-fri UTC)', '2026-03-01T12:00:00Z')).toBe(false);
    expect(at('days(mon-fri Pacific/Auckland)', '2026-03-01T12:00:00Z')).toBe(true);
    expect(at('days(sun UTC)', '2026-03-01T12:00:00Z')).toBe(true);
  });

  it('joins ranges, and wraps over the week', () => {
    expect(at('days(fri-mon UTC)', '2026-03-01T12:00:00Z')).toBe(true);
    expect(at('days(fri-mon UTC)', '2026-03-03T12:00:00Z')).toBe(false);
    expect(at('days(tue+sun UTC)', '2026-03-03T12:00:00Z')).toBe(true);
  });

  it('is the day of now inside a range of hours that wraps', () => {
    const cell = 'days(mon UTC) hours(22-06 UTC)';
    expect(at(cell, '2026-03-02T23:00:00Z')).toBe(true);
    expect(at(cell, '2026-03-03T03:00:00Z')).toBe(false);
  });

  it.each([
    ['days(mon-frid UTC)', 'policy.csv:1:39: unknown day `frid`; did you mean `fri`'],
    ['days(mon-wed-fri UTC)', 'policy.csv:1:35: `mon-wed-fri` is not a range of days; expected for instance `mon-fri`'],
  ])('refuses %s', (when, expected) => {
    expect(problemOf(row({ when }))).toBe(expected);
  });
});

describe('dates', () => {
  it('begin at midnight UTC without a time', () => {
    expect(at('before(2026-12-31)', '2026-12-30T23:59:59.999Z')).toBe(true);
    expect(at('before(2026-12-31)', '2026-12-31T00:00:00Z')).toBe(false);
    expect(at('after(2026-12-31)', '2026-12-31T00:00:00Z')).toBe(true);
    expect(at('after(2026-12-31)', '2026-12-30T23:59:59.999Z')).toBe(false);
  });

  it('take a time', () => {
    expect(at('before(2026-12-31T18:30Z)', '2026-12-31T18:29:00Z')).toBe(true);
    expect(at('before(2026-12-31T18:30Z)', '2026-12-31T18:30:00Z')).toBe(false);
    expect(at('after(2026-12-31T18Z)', '2026-12-31T18:00:00Z')).toBe(true);
  });

  it.each([
    ['before(2026-02-30)', 'policy.csv:1:37: there is no day `2026-02-30`'],
    ['before(31.12.2026)', 'policy.csv:1:37: `31.12.2026` is not a date; expected `YYYY-MM-DD` or `YYYY-MM-DDTHH:MMZ`'],
    [
      'before(2026-12-31T18:30)',
      'policy.csv:1:37: `2026-12-31T18:30` is not a date; expected `YYYY-MM-DD` or `YYYY-MM-DDTHH:MMZ`',
    ],
    ['after(2026-12-31T25Z)', 'policy.csv:1:47: `25` is not a time; expected `00` to `23`, or `HH:MM`'],
  ])('refuses %s', (when, expected) => {
    expect(problemOf(row({ when }))).toBe(expected);
  });
});
