import { describe, expect, it } from 'vitest';
import type { Attribute } from '../../../host/contracts/request.ts';
import type { Verdict } from '../../../host/policy/conditions/clause.ts';
import { createZoneClocks } from '../../../host/policy/conditions/zone-clock.ts';
import { parseCondition } from '../../../host/policy/condition.ts';
import { NOON, problemOf, row, VOCABULARY } from '../fixture.ts';

const scope = { words: VOCABULARY, zones: createZoneClocks(), isArgument: () => true };
const test = (cell: string, value?: Attribute): Verdict =>
  parseCondition(cell, scope).test({
    context: { nowMs: NOON },
    attributes: new Map(value === undefined ? [] : [['x', value]]),
  });

describe('arguments', () => {
  it.each([
    'arg.x==a',
    'arg.x!==a',
    'arg.x=~a',
    'arg.x=<=5',
    'arg.x~=a',
    'arg.x!~~a',
    'arg.x=b|=a',
    'on-behalf-of=user:a|=b',
  ])('are not compared with an operator that was written twice: %s', (when) => {
    expect(problemOf(row({ when, effect: 'deny' }))).toContain('the operator ends before');
  });

  it('may begin with the character of an operator, which is escaped', () => {
    expect(test('arg.x=%3Da', '=a')).toBe(true);
    expect(test('arg.x!=%7Ea', '~a')).toBe(false);
  });

  it('compare the text of a string, a number or a boolean', () => {
    expect(test('arg.x=a|b', 'b')).toBe(true);
    expect(test('arg.x=a|b', 'c')).toBe(false);
    expect(test('arg.x!=a|b', 'c')).toBe(true);
    expect(test('arg.x=5', 5)).toBe(true);
    expect(test('arg.x=true', true)).toBe(true);
    expect(test('arg.x!=true', true)).toBe(false);
  });

  it('match a pattern of segments', () => {
    expect(test('arg.x~agent/**', 'agent/fix/1')).toBe(true);
    expect(test('arg.x~agent/**', 'agent')).toBe(false);
    expect(test('arg.x~agent/*', 'agent/fix/1')).toBe(false);
    expect(test('arg.x!~agent/**', 'main')).toBe(true);
    expect(test('arg.x~/data/**', '/data/.env')).toBe(true);
    expect(test('arg.x~read', 'read-write-delete')).toBe(false);
  });

  it('cannot match a value with dot segments: it may mean another path', () => {
    expect(test('arg.x~/data/**', '/data/../etc/passwd')).toBe('undecided');
    expect(test('arg.x!~/etc/**', '/data/../etc/passwd')).toBe('undecided');
    expect(test('arg.x~**', 'a/'.repeat(300))).toBe('undecided');
  });

  it('compare numbers as numbers', () => {
    expect(test('arg.x<=100', 100)).toBe(true);
    expect(test('arg.x<100', 100)).toBe(false);
    expect(test('arg.x>-1.5', -1)).toBe(true);
    expect(test('arg.x>=10MB', 10_000_000)).toBe(true);
    expect(test('arg.x<=2KB', 2_001)).toBe(false);
  });

  it('are undecided where absent, also when negated', () => {
    for (const cell of ['arg.x=a', 'arg.x!=a', 'arg.x~a', 'arg.x!~a', 'arg.x<1', 'arg.x>=1'])
      expect(test(cell)).toBe('undecided');
  });

  it('are undecided where a number is asked for and there is none', () => {
    for (const value of ['5', true, Number.NaN, Infinity, ['5']]) expect(test('arg.x<=100', value)).toBe('undecided');
  });

  it('test every member of a list, and cannot say where the members disagree', () => {
    expect(test('arg.x=id|name', ['id', 'name'])).toBe(true);
    expect(test('arg.x=id|name', ['id', 'email'])).toBe('undecided');
    expect(test('arg.x=id|name', ['email', 'ssn'])).toBe(false);
    expect(test('arg.x!=email', ['id', 'name'])).toBe(true);
    expect(test('arg.x!=email', ['id', 'email'])).toBe('undecided');
    expect(test('arg.x~a/*', ['a/b', 'a/c'])).toBe(true);
    expect(test('arg.x!~a/*', ['b', 'a/c'])).toBe('undecided');
    expect(test('arg.x<=5', [1, 5])).toBe(true);
    expect(test('arg.x<=5', [1, 'x'])).toBe('undecided');
    expect(test('arg.x=a', [])).toBe('undecided');
    expect(test('arg.x!=a', [])).toBe('undecided');
  });

  it('spell what a cell cannot hold with an escape', () => {
    expect(test('arg.x=a%20b%2C%28c%29%7C%25', 'a b,(c)|%')).toBe(true);
  });

  it('keep names that every object has apart', () => {
    expect(test('arg.constructor=x')).toBe('undecided');
    expect(test('arg.__proto__=x')).toBe('undecided');
  });

  it.each([
    ['arg.nosuch=a', 'policy.csv:1:34: unknown argument `nosuch`: no request of this action on this resource has it'],
    ['arg.=a', 'policy.csv:1:30: expected `arg.NAME`, then one of `=` `!=` `~` `!~` `<` `<=` `>` `>=`, then a value'],
    ['arg.x', 'policy.csv:1:30: expected `arg.NAME`, then one of `=` `!=` `~` `!~` `<` `<=` `>` `>=`, then a value'],
    ['arg.x=', 'policy.csv:1:36: a value is missing here'],
    [
      'arg.x=a%2fb',
      'policy.csv:1:37: unknown escape `%2f`; expected `%20` `%25` `%28` `%29` `%2C` `%7C` `%3C` `%3D` `%3E` `%7E`',
    ],
    ['arg.x<abc', 'policy.csv:1:36: `abc` is not a number; expected for instance `100`, `-1.5` or `10MB`'],
    ['arg.x<=5TB', 'policy.csv:1:37: `5TB` is not a number; expected for instance `100`, `-1.5` or `10MB`'],
    ['arg.x<9007199254740993', 'policy.csv:1:36: `9007199254740993` is too large to be compared exactly'],
    ['arg.x<010MB', 'policy.csv:1:36: `010MB` is not a number; expected `10MB`'],
    ['arg.x<-007', 'policy.csv:1:36: `-007` is not a number; expected `-7`'],
    ['arg.x<10mb', 'policy.csv:1:36: `10mb` is not a number; expected `10MB`'],
    [
      'arg.x=10MB',
      'policy.csv:1:36: `10MB` is a quantity, and here text is compared; expected `arg.x<=10MB`, or `~` for this very text',
    ],
    [
      'arg.x!=a|1.5GB',
      'policy.csv:1:39: `1.5GB` is a quantity, and here text is compared; expected `arg.x>1.5GB`, or `~` for this very text',
    ],
    ['arg.x=a|b|a', 'policy.csv:1:40: `a` stands twice in this list'],
    ['arg.x~!a', 'policy.csv:1:36: a pattern cannot be negated; write `!~`'],
    ['arg.x~a?', 'policy.csv:1:37: `?` has no meaning in a pattern; expected literal text, `*` or `**`'],
    ["arg.x='a'", "policy.csv:1:36: a value has no `'`; brackets are written `%28` and `%29`"],
  ])('refuse %s', (when, expected) => {
    expect(problemOf(row({ when }))).toBe(expected);
  });
});
