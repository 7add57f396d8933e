import { describe, expect, it } from 'vitest';
import type { RunFacts } from '../../../host/contracts/principal.ts';
import type { Attribute } from '../../../host/contracts/request.ts';
import type { Verdict } from '../../../host/policy/conditions/clause.ts';
import { createZoneClocks } from '../../../host/policy/conditions/zone-clock.ts';
import { parseCondition } from '../../../host/policy/condition.ts';
import { NOON, problemOf, row, VOCABULARY } from '../fixture.ts';

const scope = { words: VOCABULARY, zones: createZoneClocks(), isArgument: () => true };
const test = (
  cell: string,
  facts: RunFacts,
  attributes: Readonly<Record<string, Attribute>> = {},
  label?: string,
): Verdict =>
  parseCondition(cell, scope).test({
    context: { nowMs: NOON, ...facts },
    attributes: new Map(Object.entries(attributes)),
    label,
  });

describe('facts of the run', () => {
  it('compare with a set', () => {
    expect(test('purpose=triage|audit', { purpose: 'audit' })).toBe(true);
    expect(test('purpose=triage', { purpose: 'audit' })).toBe(false);
    expect(test('purpose!=triage', { purpose: 'audit' })).toBe(true);
    expect(test('env=prod', { environment: 'prod' })).toBe(true);
    expect(test('env!=prod', { environment: 'prod' })).toBe(false);
    expect(test('on-behalf-of=user:ada', { onBehalfOf: 'user:ada' })).toBe(true);
  });

  it('are undecided where the run has none, also when negated', () => {
    for (const cell of [
      'purpose=triage',
      'purpose!=triage',
      'env=prod',
      'env!=prod',
      'on-behalf-of=user:ada',
      'on-behalf-of!=user:ada',
    ]) {
      expect(test(cell, {})).toBe('undecided');
    }
  });

  it('know the groups of a person where the configuration gives them', () => {
    const facts = { onBehalfOf: 'user:bob', groups: ['group:ops'] };
    expect(test('on-behalf-of=group:ops', facts)).toBe(true);
    expect(test('on-behalf-of=user:ada|group:ops', facts)).toBe(true);
    expect(test('on-behalf-of=group:admins', facts)).toBe(false);
    expect(test('on-behalf-of!=group:admins', facts)).toBe(true);
    expect(test('on-behalf-of!=group:ops', facts)).toBe(false);
    expect(test('on-behalf-of=group:ops', { groups: ['group:ops'] })).toBe('undecided');
  });

  it('cannot say who is in a group where nobody says', () => {
    expect(test('on-behalf-of=user:ada|group:ops', { onBehalfOf: 'user:ada' })).toBe(true);
    expect(test('on-behalf-of=user:ada|group:ops', { onBehalfOf: 'user:bob' })).toBe('undecided');
    expect(test('on-behalf-of!=group:ops', { onBehalfOf: 'user:bob' })).toBe('undecided');
    expect(test('on-behalf-of=user:ada', { onBehalfOf: 'user:bob' })).toBe(false);
  });

  it.each([
    ['purpose=triag', 'policy.csv:1:38: unknown purpose `triag`; did you mean `triage`'],
    ['purpose=triage|', 'policy.csv:1:45: a value is missing here'],
    ['env=staging', 'policy.csv:1:34: unknown environment `staging`; known: `prod` `test`'],
    ['on-behalf-of=ada', 'policy.csv:1:43: `ada` is not a person; expected `user:NAME` or `group:NAME`'],
    ['purpose~triage', 'policy.csv:1:37: expected `=` or `!=` and a value'],
    ['purpose', 'policy.csv:1:37: expected `=` or `!=` and a value'],
    ['purposes=triage', 'policy.csv:1:30: unknown clause `purposes=triage`; did you mean `purpose`'],
    [
      'risk<5',
      'policy.csv:1:30: unknown clause `risk<5`; expected `hours(` `days(` `before(` `after(` `label` `purpose` `env` `on-behalf-of` `arg.`',
    ],
    ['purpose=triage -', 'policy.csv:1:45: `-` is the empty condition and stands alone'],
  ])('refuse %s', (when, expected) => {
    expect(problemOf(row({ when }))).toBe(expected);
  });
});

describe('labels', () => {
  it('compare in the order of the configuration', () => {
    const label = (cell: string, value: string) => test(cell, {}, {}, value);
    expect(label('label<=internal', 'public')).toBe(true);
    expect(label('label<=internal', 'internal')).toBe(true);
    expect(label('label<=internal', 'confidential')).toBe(false);
    expect(label('label>=confidential', 'secret')).toBe(true);
    expect(label('label=secret', 'secret')).toBe(true);
    expect(label('label=secret', 'public')).toBe(false);
  });

  it('are undecided where absent or unknown, whatever arguments are called', () => {
    expect(test('label<=internal', {})).toBe('undecided');
    expect(test('label<=internal', {}, {}, 'cosmic')).toBe('undecided');
    expect(test('label<=internal', {}, { '%label': 'public' })).toBe('undecided');
    expect(test('label<=internal', {}, { label: 'public' })).toBe('undecided');
  });

  it.each([
    ['label<=intern', 'policy.csv:1:37: unknown label `intern`; did you mean `internal`'],
    ['label<internal', 'policy.csv:1:35: expected `<=`, `>=` or `=` and a label'],
    ['label', 'policy.csv:1:35: expected `<=`, `>=` or `=` and a label'],
  ])('refuse %s', (when, expected) => {
    expect(problemOf(row({ when }))).toBe(expected);
  });
});

describe('several clauses', () => {
  it('are false if one is, undecided if one cannot say, else true', () => {
    expect(test('purpose=triage env=prod', { purpose: 'triage', environment: 'prod' })).toBe(true);
    expect(test('purpose=triage env=prod', { purpose: 'triage' })).toBe('undecided');
    expect(test('env=prod purpose=triage', { purpose: 'audit' })).toBe(false);
    expect(test('purpose=triage env=prod', { purpose: 'audit' })).toBe(false);
  });

  it('treat a clause that throws as undecided', () => {
    const hostile = {
      get nowMs(): number {
        throw new Error('no clock');
      },
    };
    expect(parseCondition('hours(08-19 UTC)', scope).test({ context: hostile, attributes: new Map() })).toBe(
      'undecided',
    );
  });
});
