import { expect, it } from 'vitest';
import { lintErrors } from '../../host/policy/lint-errors.ts';
import { lintPolicy } from '../../host/policy/policy-lint.ts';
import { load, NOON, row } from './fixture.ts';

const ASKING = row({ when: 'purpose=triage', then: 'rate=1/m' });
const POLICIES: readonly (readonly [string, string, number])[] = [
  ['a broad row beside one that asks for something under a condition', ASKING + row({ resource: '/w/a', when: 'purpose=triage', then: 'rows=1' }) + row(), 2],
  ['the same without a condition', row({ then: 'rate=1/m' }) + row({ resource: '/**' }), 0],
  ['a broad row of another agent', row({ who: 'agent:b' }) + row({ who: 'agent:a', when: 'purpose=triage', then: 'rate=1/m' }), 0],
  ['a broad row of a role that the agent has', 'g, agent:a, role:x\n' + row({ who: 'role:x' }) + row({ who: 'agent:a', when: 'purpose=triage', then: 'rate=1/m' }), 1],
  ['what only tells', row({ when: 'purpose=triage', then: 'log=full' }) + row(), 0],
  ['a row that denies all of it', ASKING + row({ effect: 'deny' }) + row({ resource: '/**' }), 0],
]; // prettier-ignore

it.each(POLICIES)('finds the errors that the whole lint finds: %s', (_, text, count) => {
  const snapshot = load(text);
  const errors = lintErrors(snapshot);
  expect(errors).toEqual(lintPolicy(snapshot, NOON).filter(({ severity }) => severity === 'error'));
  expect(errors).toHaveLength(count);
});
