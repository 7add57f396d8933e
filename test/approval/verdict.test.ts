import { describe, expect, it } from 'vitest';
import type { Vote } from '../../host/approval/question.ts';
import { canBeGranted, judge } from '../../host/approval/verdict.ts';
import { APPROVERS, questionOf, START } from './bed.ts';

const vote = (person: string, verdict: 'yes' | 'no' = 'yes', more: Partial<Vote> = {}): Vote => ({
  ...{ person: `user:${person}`, verdict, scope: 'once', atMs: START + 1 },
  ...more,
});
const both = questionOf({ roles: ['owner', 'risk'] });

describe('what people said', () => {
  it('is a yes once one of each role has said so', () => {
    expect(judge(questionOf(), [vote('ada')], APPROVERS, START + 2)).toEqual({
      ...{ status: 'granted', by: ['user:ada'], scope: 'once' },
    });
    expect(judge(both, [vote('bob')], APPROVERS, START + 2)).toEqual({ status: 'open', missing: ['risk'] });
    expect(judge(both, [vote('bob'), vote('rick')], APPROVERS, START + 2)).toMatchObject({ status: 'granted' });
  });

  it('counts nobody twice: who could speak for two roles speaks for one, whichever is needed', () => {
    expect(judge(both, [vote('ada')], APPROVERS, START + 2)).toMatchObject({ status: 'open' });
    expect(judge(both, [vote('ada'), vote('ada')], APPROVERS, START + 2)).toMatchObject({ status: 'open' });
    // Ada comes first and could be the owner; then there is nobody for risk.
    expect(judge(both, [vote('ada'), vote('bob')], APPROVERS, START + 2)).toEqual({
      ...{ status: 'granted', by: ['user:ada', 'user:bob'], scope: 'once' },
    });
  });

  it('is no yes to his own agent, unless the configuration says so; but he may well say no', () => {
    expect(judge(questionOf(), [vote('eve')], APPROVERS, START + 2)).toMatchObject({ status: 'open' });
    expect(judge(questionOf(), [vote('eve')], { ...APPROVERS, self: true }, START + 2)).toMatchObject({ status: 'granted' }); // prettier-ignore
    expect(judge(questionOf(), [vote('eve', 'no')], APPROVERS, START + 2)).toEqual({
      status: 'denied',
      by: 'user:eve',
    });
  });

  it('is nothing where a stranger says it, yes or no', () => {
    expect(judge(questionOf(), [vote('mallory'), vote('rick')], APPROVERS, START + 2)).toMatchObject({
      status: 'open',
    });
    expect(judge(questionOf(), [vote('mallory', 'no')], APPROVERS, START + 2)).toMatchObject({ status: 'open' });
  });

  it('is a no where anybody who may says no, whoever says yes', () => {
    expect(judge(both, [vote('bob'), vote('rick'), vote('ada', 'no')], APPROVERS, START + 2)).toMatchObject({ status: 'denied', by: 'user:ada' }); // prettier-ignore
  });

  it('is over at the very millisecond, and a vote that says it was later is none', () => {
    const { expiresMs } = questionOf();
    expect(judge(questionOf(), [vote('ada')], APPROVERS, expiresMs - 1)).toMatchObject({ status: 'granted' });
    expect(judge(questionOf(), [vote('ada')], APPROVERS, expiresMs)).toEqual({ status: 'expired' });
    const late = vote('ada', 'yes', { atMs: expiresMs });
    expect(judge(questionOf(), [late], APPROVERS, START + 2)).toMatchObject({ status: 'open' });
  });

  it('goes for the run only where everybody whose yes it is says so', () => {
    const broad = { scope: 'run' } as const;
    expect(judge(both, [vote('bob', 'yes', broad), vote('rick')], APPROVERS, START + 2)).toMatchObject({
      scope: 'once',
    });
    expect(judge(both, [vote('bob', 'yes', broad), vote('rick', 'yes', broad)], APPROVERS, START + 2)).toMatchObject({
      scope: 'run',
    });
  });
});

it('a question that not enough different people can answer is known before it is asked', () => {
  const alone = { approvers: new Map([['owner', ['user:ada']], ['risk', ['user:ada']]]), self: false }; // prettier-ignore
  expect(canBeGranted(both, APPROVERS)).toBe(true);
  expect(canBeGranted(both, alone)).toBe(false);
  expect(canBeGranted(questionOf({ onBehalfOf: ['user:ada'] }), alone)).toBe(false);
  expect(canBeGranted(questionOf({ roles: ['nobody'] }), APPROVERS)).toBe(false);
  expect(canBeGranted(questionOf({ roles: [] }), APPROVERS)).toBe(false);
});
