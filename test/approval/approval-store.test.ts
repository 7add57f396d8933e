import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MOST_ASKED, MOST_OPEN } from '../../host/approval/approval-store.ts';
import type { Question } from '../../host/approval/question.ts';
import { rowOf } from '../../host/approval/question-form.ts';
import { APPROVERS, makeApprovalBed, no, questionOf, START, yes, type ApprovalBed } from './bed.ts';

let bed: ApprovalBed;
beforeEach(() => (bed = makeApprovalBed()));
afterEach(() => bed.remove());

const refusal = (code = 'ERR_APPROVAL_REFUSED') => expect.objectContaining({ code }) as Error;

describe('an answer', () => {
  it('is used once: the same answer is worth nothing the second time', () => {
    const store = bed.store();
    expect(store.open(questionOf())).toEqual({ status: 'waiting', id: 'run-a/1' });
    expect(store.take('run-a/1', questionOf())).toBeUndefined();
    store.vote('run-a/1', yes('user:ada'));
    expect(store.take('run-a/1', questionOf())).toEqual({
      ...{ status: 'granted', question: 'run-a/1', by: ['user:ada'], scope: 'once' },
    });
    expect(store.take('run-a/1', questionOf())).toEqual({ status: 'expired', question: 'run-a/1' });
    // Neither is it there for the same request, asked again in the same run or by the next one.
    expect(store.open(questionOf({ id: 'run-a/2' }))).toMatchObject({ status: 'waiting', id: 'run-a/2' });
    expect(store.open(questionOf({ id: 'run-b/1', run: 'run-b' }))).toMatchObject({ status: 'waiting' });
  });

  it('of one process is found by another, and only one of two takes it', () => {
    const [one, two] = [bed.store('host-1'), bed.store('host-2')];
    one.open(questionOf());
    const before = one.version();
    two.vote('run-a/1', yes('user:ada'));
    expect(one.version()).not.toBe(before);
    const taken = [one, two].map((store) => store.take('run-a/1', questionOf())?.status);
    expect(taken).toEqual(['granted', 'expired']);
  });

  it.each<[string, Partial<Question>]>([
    ['another digest', { digest: 'b'.repeat(64) }],
    ['another agent', { agent: 'agent:other' }],
    ['another component', { component: 'sha256:bb' }],
    ['another policy', { policy: { digest: 'sha256:q', generation: 1 } }],
    ['another purpose', { purpose: 'play' }],
    ['another environment', { environment: 'live' }],
    ['another person', { onBehalfOf: [] }],
    ['another caller', { callers: ['agent:evil'] }],
    ['more people to ask', { roles: ['owner', 'risk'] }],
    ['another run', { run: 'run-b', id: 'run-b/1' }],
  ])('is not for %s', (_, change) => {
    const store = bed.store();
    store.open(questionOf());
    store.vote('run-a/1', yes('user:ada'));
    const other = questionOf({ id: 'run-a/2', ...change });
    expect(store.take('run-a/1', other)).toEqual({ status: 'unavailable', why: 'no-store' });
    expect(store.open(other)).toEqual({ status: 'waiting', id: other.id });
    // The allowed twin: it is there for whom it was meant.
    expect(store.take('run-a/1', questionOf())?.status).toBe('granted');
  });

  it('is not found a moment after its time, and cannot be given then', () => {
    const store = bed.store();
    store.open(questionOf());
    store.vote('run-a/1', yes('user:ada'));
    store.open(questionOf({ id: 'run-a/2', digest: 'c'.repeat(64) }));
    bed.nowMs = START + 60_000;
    expect(store.take('run-a/1', questionOf())).toEqual({ status: 'expired', question: 'run-a/1' });
    expect(() => store.vote('run-a/2', yes('user:ada'))).toThrow(refusal());
  });

  it.each([
    ['a stranger', yes('user:mallory')],
    ['an approver of something else', yes('user:rick')],
    ['the person whose agent it is', yes('user:eve')],
    ['a stranger who says no', no('user:mallory')],
  ])('is not taken from %s', (_, vote) => {
    const store = bed.store();
    store.open(questionOf());
    expect(() => store.vote('run-a/1', vote)).toThrow(refusal());
    expect(store.take('run-a/1', questionOf())).toBeUndefined();
  });

  it('is not taken twice from one person, for two roles', () => {
    const store = bed.store();
    const asked = questionOf({ roles: ['owner', 'risk'] });
    store.open(asked);
    expect(store.vote('run-a/1', yes('user:ada')).verdict).toMatchObject({ status: 'open' });
    expect(() => store.vote('run-a/1', yes('user:ada'))).toThrow(refusal());
    expect(store.take('run-a/1', asked)).toBeUndefined();
    store.vote('run-a/1', yes('user:bob'));
    expect(store.take('run-a/1', asked)).toMatchObject({ status: 'granted', by: ['user:ada', 'user:bob'] });
  });

  it('is judged by whom the configuration names when it is used, not when it was given', () => {
    const generous = { approvers: new Map([['owner', ['user:mallory', 'user:ada']]]), self: true };
    bed.store('host-2', generous).open(questionOf());
    bed.store('host-2', generous).vote('run-a/1', yes('user:mallory'));
    expect(bed.store('host-1').take('run-a/1', questionOf())).toBeUndefined();
  });

  it('that is no stands for the run: the same is not asked again, something else is', () => {
    const store = bed.store();
    store.open(questionOf());
    store.vote('run-a/1', no('user:bob'));
    const denied = { status: 'denied', question: 'run-a/1', by: 'user:bob' };
    expect(store.take('run-a/1', questionOf())).toEqual(denied);
    expect(store.open(questionOf({ id: 'run-a/2' }))).toEqual({ status: 'answered', answer: denied });
    expect(store.open(questionOf({ id: 'run-a/3', digest: 'd'.repeat(64) }))).toMatchObject({ status: 'waiting' });
    expect(store.open(questionOf({ id: 'run-b/1', run: 'run-b' }))).toMatchObject({ status: 'waiting' });
    expect(() => store.vote('run-a/1', yes('user:ada'))).toThrow(refusal());
  });
});

describe('a yes for this run', () => {
  const granted = () => {
    const store = bed.store();
    store.open(questionOf());
    store.vote('run-a/1', yes('user:ada', 'run'));
    expect(store.take('run-a/1', questionOf())).toMatchObject({ status: 'granted', scope: 'run' });
    return store;
  };

  it('goes for equal requests of the run, also with other arguments, as often as they come', () => {
    const store = granted();
    for (const [index, digest] of ['a', 'b', 'c'].entries())
      expect(store.open(questionOf({ id: `run-a/${index + 2}`, digest: digest.repeat(64) }))).toEqual({
        status: 'answered',
        answer: { status: 'granted', question: 'run-a/1', by: ['user:ada'], scope: 'run' },
      });
  });

  it.each<[string, Partial<Question>]>([
    ['another run', { run: 'run-b', id: 'run-b/1' }],
    ['another action', { accesses: [{ action: 'fs:write', resource: 'tool:bank/pay' }] }],
    ['another resource', { accesses: [{ action: 'tool:call', resource: 'tool:bank/close' }] }],
    ['one resource more', { accesses: [...questionOf().accesses, { action: 'fs:read', resource: '/x' }] }],
    ['another rule', { rules: [{ id: 'p-2' }] }],
    ['another policy', { policy: { digest: 'sha256:q', generation: 2 } }],
    ['more people to ask', { roles: ['owner', 'risk'] }],
    ['another agent', { agent: 'agent:other' }],
  ])('does not go for %s', (_, change) => {
    expect(granted().open(questionOf({ id: 'run-a/2', ...change }))).toMatchObject({ status: 'waiting' });
  });

  it('ends where who gave it may not give it any more', () => {
    granted();
    const others = { ...APPROVERS, approvers: new Map([['owner', ['user:bob', 'user:eve']]]) };
    expect(bed.store('host-1', others).open(questionOf({ id: 'run-a/2' }))).toMatchObject({ status: 'waiting' });
  });
});

describe('what a run has left', () => {
  it('is used by the next run that asks the same, once', () => {
    bed.store('host-1').open(questionOf());
    bed.dead.add('host-1');
    const [later, other] = [bed.store('host-2'), bed.store('host-3')];
    later.vote('run-a/1', yes('user:ada'));
    const again = questionOf({ id: 'run-b/1', run: 'run-b' });
    expect(later.open(again)).toMatchObject({ status: 'answered', answer: { status: 'granted', question: 'run-a/1' } });
    expect(other.open({ ...again, id: 'run-c/1', run: 'run-c' })).toMatchObject({ status: 'waiting', id: 'run-c/1' });
  });

  it('is waited for by the next run, where nobody has answered yet', () => {
    const first = bed.store('host-1');
    first.open(questionOf());
    first.leave('run-a/1');
    const again = questionOf({ id: 'run-b/1', run: 'run-b', askedMs: START + 5, expiresMs: START + 60_005 });
    const later = bed.store('host-2');
    expect(later.open(again)).toEqual({ status: 'waiting', id: 'run-a/1' });
    // Now it is waited for: a third run asks for itself.
    expect(first.open({ ...again, id: 'run-c/1', run: 'run-c' })).toEqual({ status: 'waiting', id: 'run-c/1' });
    first.vote('run-a/1', yes('user:ada'));
    expect(later.take('run-a/1', again)?.status).toBe('granted');
  });

  it('is not touched while its run is alive', () => {
    bed.store('host-1').open(questionOf());
    bed.store('host-1').vote('run-a/1', yes('user:ada'));
    const again = questionOf({ id: 'run-b/1', run: 'run-b' });
    expect(bed.store('host-2').open(again)).toEqual({ status: 'waiting', id: 'run-b/1' });
  });

  it.each<[string, Partial<Question>]>([
    ['another component', { component: 'sha256:bb' }],
    ['another request', { digest: 'b'.repeat(64) }],
    ['another policy', { policy: { digest: 'sha256:q', generation: 1 } }],
    ['a request of which not all is shown', { partial: true }],
  ])('is not for %s', (_, change) => {
    bed.store('host-1').open(questionOf(change.partial === true ? change : {}));
    bed.dead.add('host-1');
    const later = bed.store('host-2');
    later.vote('run-a/1', yes('user:ada'));
    const again = questionOf({ id: 'run-b/1', run: 'run-b', ...change });
    expect(later.open(again)).toEqual({ status: 'waiting', id: 'run-b/1' });
  });

  it('is not there any more a moment after its time', () => {
    bed.store('host-1').open(questionOf());
    bed.dead.add('host-1');
    const later = bed.store('host-2');
    later.vote('run-a/1', yes('user:ada'));
    bed.nowMs = START + 60_000;
    const again = questionOf({ id: 'run-b/1', run: 'run-b', askedMs: bed.nowMs, expiresMs: bed.nowMs + 60_000 });
    expect(later.open(again)).toEqual({ status: 'waiting', id: 'run-b/1' });
  });
});

describe('the number of questions', () => {
  it('of one run is bounded, however they end', () => {
    const store = bed.store();
    for (let index = 0; index < MOST_ASKED; index += 1) {
      const asked = questionOf({ id: `run-a/${index}`, digest: index.toString(16).padStart(64, '0') });
      expect(store.open(asked).status).toBe('waiting');
      store.vote(asked.id, no('user:bob'));
      store.take(asked.id, asked);
    }
    const further = store.open(questionOf({ id: 'run-a/x' }));
    expect(further).toEqual({ status: 'answered', answer: { status: 'unavailable', why: 'too-many' } });
    expect(store.list()).toHaveLength(MOST_ASKED);
  });

  it('of one agent that are open is bounded, in however many runs; other agents ask', () => {
    const store = bed.store();
    for (let index = 0; index < MOST_OPEN; index += 1)
      store.open(questionOf({ id: `run-${index}/1`, run: `run-${index}` }));
    const more = questionOf({ id: 'run-x/1', run: 'run-x' });
    expect(store.open(more)).toMatchObject({ answer: { status: 'unavailable', why: 'too-many' } });
    expect(store.open({ ...more, agent: 'agent:other' })).toMatchObject({ status: 'waiting' });
    expect(store.open({ ...more, id: 'run-x/3' })).toMatchObject({ answer: { why: 'too-many' } });
    bed.nowMs = START + 60_000; // those that nobody answered do not count for ever
    expect(store.open({ ...more, id: 'run-x/2', expiresMs: START + 120_000 })).toMatchObject({ status: 'waiting' });
  });
});

describe('a row that somebody else wrote', () => {
  it.each<[string, object]>([
    ['another question in it', { body: JSON.stringify(questionOf({ digest: 'f'.repeat(64) })) }],
    ['no JSON in it', { body: 'yes' }],
    ['a member too many', { body: JSON.stringify({ ...questionOf(), approved: true }) }],
    ['a member of another type', { body: JSON.stringify({ ...questionOf(), roles: 'owner' }) }],
    ['nobody to ask', { body: JSON.stringify(questionOf({ roles: [] })) }],
    ['an unknown state', { state: 'granted' }],
    ['a bond of something else', { bond: 'e'.repeat(64) }],
    ['more time than its question has', { expiresMs: START + 1_000_000 }],
  ])('with %s answers nothing', (_, change) => {
    const store = bed.store();
    bed.table.transact((rows) => {
      rows.add({ ...rowOf(questionOf(), 'host-1'), ...change });
      rows.addVote('run-a/1', { ...yes('user:ada'), atMs: START });
    });
    expect(store.take('run-a/1', questionOf())).toEqual({ status: 'unavailable', why: 'no-store' });
    expect(() => store.find('run-a/1')).toThrow(refusal());
    expect(store.list()).toEqual([]);
  });

  it('is no vote where it has another form', () => {
    const store = bed.store();
    store.open(questionOf());
    bed.table.transact((rows) => {
      rows.addVote('run-a/1', { ...yes('ada'), atMs: START });
      rows.addVote('run-a/1', { ...yes('user:bob'), verdict: 'YES' as 'yes', atMs: START });
      rows.addVote('run-a/1', { ...yes('user:ada'), atMs: -1 });
    });
    expect(store.take('run-a/1', questionOf())).toBeUndefined();
  });
});

describe('a question is named', () => {
  it('by the beginning of its id, where that is only one', () => {
    const store = bed.store();
    store.open(questionOf({ id: 'run-abc/1' }));
    store.open(questionOf({ id: 'run-abd/1', run: 'run-abd', digest: 'b'.repeat(64) }));
    expect(store.find('run-abc').question.id).toBe('run-abc/1');
    expect(() => store.find('run-ab')).toThrow('begins several');
    expect(() => store.find('run-x')).toThrow('no question');
    expect(() => store.find('')).toThrow('no question');
  });
});
