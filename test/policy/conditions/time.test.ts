import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../host/policy/conditions/clause.ts';
import { createZoneClocks } from '../../../host/policy/conditions/zone-clock.ts';
import { isForeignZone, spelledZone } from '../../../host/policy/conditions/zone-name.ts';
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

  it('knows zones that are off by three quarters of an hour, by either of their names', () => {
    for (const zone of ['Asia/Kathmandu', 'Asia/Katmandu']) {
      expect(at(`hours(08-09 ${zone})`, '2026-01-15T02:14:59.999Z')).toBe(false);
      expect(at(`hours(08-09 ${zone})`, '2026-01-15T02:15:00Z')).toBe(true);
    }
    // Chatham: 13:45 ahead in summer, 12:45 in winter; its midnight is no full hour of any other zone's.
    expect(at('hours(00:00-00:01 Pacific/Chatham)', '2026-01-15T10:15:00Z')).toBe(true);
    expect(at('hours(00:00-00:01 Pacific/Chatham)', '2026-07-15T11:15:00Z')).toBe(true);
    expect(at('days(fri Pacific/Chatham)', '2026-01-15T10:14:00Z')).toBe(false);
    expect(at('days(fri Pacific/Chatham)', '2026-01-15T10:15:00Z')).toBe(true);
  });

  it('goes over the midnight on which the clock changes, and over one that is not there', () => {
    // Europe/Paris, in the night to 2026-03-29: 22 to 06 is seven hours long.
    const night = 'hours(22-06 Europe/Paris)';
    expect(at(night, '2026-03-28T20:59:00Z')).toBe(false);
    expect(at(night, '2026-03-28T21:00:00Z')).toBe(true);
    expect(at(night, '2026-03-29T03:59:00Z')).toBe(true);
    expect(at(night, '2026-03-29T04:00:00Z')).toBe(false);
    // Cairo, 2026-04-24: 23:59 is followed by 01:00, so that a range within that hour is empty on this day.
    const first = 'hours(00-01 Africa/Cairo)';
    expect(at(first, '2026-04-23T21:59:00Z')).toBe(false);
    expect(at(first, '2026-04-23T22:00:00Z')).toBe(false);
    expect(at('hours(23-01 Africa/Cairo)', '2026-04-23T21:59:00Z')).toBe(true);
    expect(at('hours(23-01 Africa/Cairo)', '2026-04-23T22:00:00Z')).toBe(false);
    expect(at('days(fri Africa/Cairo)', '2026-04-23T22:00:00Z')).toBe(true);
    // Lord Howe changes by half an hour: 2026-04-05, 01:30 to 01:59 comes twice.
    const twice = 'hours(01:30-02:00 Australia/Lord_Howe)';
    expect(at(twice, '2026-04-04T14:29:00Z')).toBe(false);
    expect(at(twice, '2026-04-04T14:30:00Z')).toBe(true);
    expect(at(twice, '2026-04-04T15:29:00Z')).toBe(true);
    expect(at(twice, '2026-04-04T15:30:00Z')).toBe(false);
  });

  it('takes no abbreviation: the same letters are another zone to another reader', () => {
    // The engine has `BST` for Dhaka, `IST` for India and `ECT` for Paris.
    for (const zone of ['BST', 'IST', 'ECT', 'PST', 'bst', 'SystemV/EST5'])
      expect(problemOf(row({ when: `hours(08-19 ${zone})` }))).toContain(`unknown time zone \`${zone}\``);
    for (const zone of ['UTC', 'GMT', 'CET', 'EST5EDT', 'Etc/GMT+1', 'US/Eastern', 'Asia/Calcutta', 'Asia/Kolkata'])
      expect(at(`hours(00-23:59 ${zone})`, NaN)).toBe('undecided');
  });

  it('spells every zone that there is as the engine lists it', () => {
    const listed = Intl.supportedValuesOf('timeZone');
    expect(listed.length).toBeGreaterThan(300);
    expect(listed.filter((zone) => spelledZone(zone.toLowerCase()) !== zone || isForeignZone(zone))).toEqual([]);
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
    [
      'hours(08-19 Europe/PAris)',
      'policy.csv:1:42: time zone `Europe/PAris` in other letters; expected `Europe/Paris`',
    ],
    ['hours(08-19 utc)', 'policy.csv:1:42: time zone `utc` in other letters; expected `UTC`'],
    ['hours(08-19 us/eastern)', 'policy.csv:1:42: time zone `us/eastern` in other letters; expected `US/Eastern`'],
    [
      'hours(08:00-08 UTC)',
      'policy.csv:1:36: the range begins and ends at the same time; leave the clause out for the whole day',
    ],
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
    [
      'days(mon-mon UTC)',
      'policy.csv:1:35: `mon-mon` begins and ends at the same day; expected `mon`, or no clause for the whole week',
    ],
    ['days(mon-fri+wed UTC)', 'policy.csv:1:43: `wed` stands twice in this clause'],
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
