import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AskedQuestion } from '../../host/approval/approval-store.ts';
import { showQuestion } from '../../host/runs/shown-question.ts';
import { APPROVERS, makeApprovalBed, no, questionOf, START, yes, type ApprovalBed } from '../approval/bed.ts';
import { publishedSchema } from './schema-fixture.ts';

const errorsOf = publishedSchema('approval-question');
let bed: ApprovalBed;
beforeEach(() => (bed = makeApprovalBed()));
afterEach(() => bed.remove());

const shown = (asked: AskedQuestion) =>
  showQuestion(asked, { electorate: APPROVERS, nowMs: START + 1, file: 'policy.csv' });

it('the schema of a question holds for every state, with every member', () => {
  const store = bed.store();
  const full = questionOf({ environment: 'live', label: 'secret', callers: ['agent:boss'], roles: ['owner', 'risk'] });
  const states: string[] = [];
  const check = (asked: AskedQuestion): void => {
    const question = shown(asked);
    expect(errorsOf(JSON.parse(JSON.stringify(question)))).toEqual([]);
    states.push(question.state);
  };
  store.open(full);
  check(store.find(full.id));
  store.vote(full.id, yes('user:bob'));
  check(store.vote(full.id, yes('user:rick')));
  store.take(full.id, full);
  check(store.find(full.id));
  for (const [id, end] of [
    ['run-b/1', () => store.vote('run-b/1', no('user:bob'))],
    ['run-c/1', () => (bed.nowMs = START + 60_000)],
  ] as const) {
    store.open(questionOf({ id, run: id.slice(0, 5) }));
    end();
    check(store.find(id));
  }
  expect(states).toEqual(['open', 'granted', 'used', 'denied', 'expired']);
});

it.each(['id', 'agent', 'accesses', 'request', 'digest', 'rules', 'roles', 'state', 'expiresAt'])(
  'it needs `%s`, and knows no other member',
  (name) => {
    const store = bed.store();
    store.open(questionOf());
    const question = shown(store.find('run-a/1'));
    expect(errorsOf(JSON.parse(JSON.stringify({ ...question, [name]: undefined })))).not.toEqual([]);
    expect(errorsOf({ ...question, [`${name}2`]: 1 })).not.toEqual([]);
  },
);
