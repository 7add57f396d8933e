import { describe, expect, it } from 'vitest';
import type { ApprovalAnswer, ApprovalRequest } from '../../host/contracts/approval.ts';
import type { Decision } from '../../host/contracts/decision.ts';
import type { AccessRequest } from '../../host/contracts/request.ts';
import { allow, approve, createMemoryRun, deny, POLICY } from './in-memory.ts';
import { effectOf, request, type Target } from './effects.ts';

const GRANTED: ApprovalAnswer = { status: 'granted', question: 'run-0/9', by: ['user:ada'], scope: 'once' };

/** A run whose rules ask, whose people answer `answer`, and whose later decisions are `later`. */
function askingRun(
  answer: ApprovalAnswer,
  later: Decision = approve(),
  meanwhile: () => void = () => undefined,
  answers: ApprovalAnswer[] = [],
) {
  const questions: ApprovalRequest[] = [];
  let decisions = 0;
  const run = createMemoryRun(() => (decisions++ === 0 ? approve() : later), {
    approvals: {
      ask(question) {
        run.steps.push('ask');
        questions.push(question);
        meanwhile();
        return Promise.resolve(answers.shift() ?? answer);
      },
    },
  });
  return { run, questions };
}

describe('an effect that people have to approve', () => {
  it('happens once they have, and question and answer are in the record before its intent', async () => {
    const { run, questions } = askingRun(GRANTED);
    expect(await run.pipeline.enforce(effectOf(run))).toEqual({ status: 'ok', value: 'hello' });
    expect(run.steps).toEqual([
      ...['parse', 'decide', 'append:approval.asked', 'ask', 'append:approval.answered', 'decide'],
      ...['append:effect.intended', 'perform', 'append:effect.settled'],
    ]);
    const [asked, answered, intended] = run.records;
    expect(asked).toMatchObject({
      decision: { effect: 'approve', id: 'run-1/1' },
      policy: POLICY,
      request: { bytes: 5 },
    });
    expect(answered?.detail).toEqual({ asked: 0, ...GRANTED });
    expect(intended?.decision).toMatchObject({ effect: 'allow', approval: 'run-0/9' });
    expect(questions[0]).toMatchObject({
      decision: 'run-1/1',
      payload: { line: 'hello' },
      terms: { roles: ['owner'] },
    });
    expect(run.events.map(({ effect }) => effect)).toEqual(['approve', 'allow']);
  });

  it.each<[string, ApprovalAnswer]>([
    ['no', { status: 'denied', question: 'q', by: 'user:bob' }],
    ['nothing in time', { status: 'expired', question: 'q' }],
    ['nothing, because nobody could be asked', { status: 'unavailable', why: 'no-store' }],
  ])('is denied where they say %s', async (_, answer) => {
    const { run } = askingRun(answer);
    expect(await run.pipeline.enforce(effectOf(run))).toMatchObject({
      status: 'denied',
      denial: { reason: 'not-approved' },
    });
    expect(run.types()).toEqual(['approval.asked', 'approval.answered', 'effect.denied']);
    expect(run.steps).not.toContain('perform');
    expect(run.events.at(-1)).toMatchObject({ effect: 'deny', detail: { approval: answer } });
  });

  describe('where the policy has changed meanwhile', () => {
    const policy = { digest: 'sha256:other', generation: 8 };

    it('is asked about again under the new one, and the first yes is worth nothing', async () => {
      const { run, questions } = askingRun(GRANTED, { ...approve(), policy });
      expect(await run.pipeline.enforce(effectOf(run))).toMatchObject({ status: 'ok' });
      expect(questions.map((question) => question.policy)).toEqual([POLICY, policy]);
      expect(run.types()).toEqual([
        ...['approval.asked', 'approval.answered', 'approval.asked', 'approval.answered'],
        ...['effect.intended', 'effect.settled'],
      ]);
      expect(run.records.at(-2)).toMatchObject({ policy });
    });

    it('is denied where they say no to the second question', async () => {
      const answers: ApprovalAnswer[] = [GRANTED, { status: 'denied', question: 'q', by: 'user:bob' }];
      const { run } = askingRun(GRANTED, { ...approve(), policy }, () => undefined, answers);
      expect(await run.pipeline.enforce(effectOf(run))).toMatchObject({ denial: { reason: 'not-approved' } });
      expect(run.steps).not.toContain('perform');
    });

    it('happens as the new one allows it, without the yes in its record', async () => {
      const { run } = askingRun(GRANTED, { ...allow(), policy });
      expect(await run.pipeline.enforce(effectOf(run))).toMatchObject({ status: 'ok' });
      const intended = run.records.find(({ type }) => type === 'effect.intended');
      expect(intended).toMatchObject({ policy, decision: { effect: 'allow' } });
      expect(intended?.decision?.approval).toBeUndefined();
    });

    it('is not asked about again where it was read again, and is the same', async () => {
      const { run, questions } = askingRun(GRANTED, { ...approve(), policy: { ...POLICY, generation: 8 } });
      expect(await run.pipeline.enforce(effectOf(run))).toMatchObject({ status: 'ok' });
      expect(questions).toHaveLength(1);
    });
  });

  it('is denied where a rule denies it by then', async () => {
    const { run } = askingRun(GRANTED, deny('forbidden-by-rule'));
    expect(await run.pipeline.enforce(effectOf(run))).toMatchObject({ denial: { reason: 'forbidden-by-rule' } });
    expect(run.steps).not.toContain('perform');
  });

  it('is asked about again where somebody else has to be asked by then', async () => {
    const later = { ...approve(), obligations: { approval: { roles: ['owner', 'risk'], ttlMs: 1 } } };
    const { run, questions } = askingRun(GRANTED, later);
    await run.pipeline.enforce(effectOf(run));
    expect(questions.map(({ terms }) => terms.roles)).toEqual([['owner'], ['owner', 'risk']]);
  });

  it('is denied where the request is not the one that was shown any more', async () => {
    const changing = { ...request(), payload: { line: 'hello' } };
    const { run } = askingRun(GRANTED, approve(), () => (changing.payload.line = 'goodbye'));
    const effect = effectOf(run, { parse: (): AccessRequest<Target> => changing });
    expect(await run.pipeline.enforce(effect)).toMatchObject({ denial: { reason: 'not-approved' } });
    expect(run.steps).not.toContain('perform');
  });

  it('does not happen where question or answer cannot be recorded', async () => {
    const { run: first } = askingRun(GRANTED);
    first.breakLog();
    expect(await first.pipeline.enforce(effectOf(first))).toMatchObject({ denial: { reason: 'audit-unavailable' } });
    expect(first.steps).not.toContain('ask');
    const { run: second } = askingRun(GRANTED, approve(), () => second.breakLog());
    expect(await second.pipeline.enforce(effectOf(second))).toMatchObject({ denial: { reason: 'audit-unavailable' } });
    expect(second.steps).toContain('ask');
    expect(second.steps).not.toContain('perform');
  });

  it('is denied at once where it cannot wait, and nobody is asked', () => {
    const { run } = askingRun(GRANTED);
    const now = { ...effectOf(run), parse: () => request(), perform: () => ({ status: 'ok', value: 'x' }) as const };
    expect(run.pipeline.enforceNow(now)).toMatchObject({ denial: { reason: 'unsupported-obligation' } });
    expect(run.types()).toEqual(['effect.denied']);
  });

  it('is bound to what the record leaves out: two payloads, two digests', async () => {
    const digests = await Promise.all(
      [{ parameters: ['1'] }, { parameters: ['2'] }].map(async (payload) => {
        const { run, questions } = askingRun(GRANTED);
        await run.pipeline.enforce(effectOf(run, { parse: () => ({ ...request(), payload }) }));
        return questions[0]?.digest;
      }),
    );
    expect(new Set(digests).size).toBe(2);
  });
});
