import { describe, expect, it } from 'vitest';
import type { Divergence } from '../../host/contracts/decision.ts';
import { effectOf, request } from './effects.ts';
import { allow, createMemoryRun, deny, POLICY } from './in-memory.ts';

const FOUND: Divergence = {
  ...{ agent: 'agent:a', action: 'fs:read', resource: '/w/a' },
  casbin: { effect: 'deny', rules: ['r-1', 'r-2'] },
  compiled: { effect: 'allow', rules: ['r-1'] },
};
const OTHER: Divergence = { ...FOUND, agent: 'agent:b' };
const RECORDED = {
  ...{ type: 'policy.diverged', action: 'fs:read', resource: '/w/a', policy: POLICY },
  detail: { agent: 'agent:a', casbin: FOUND.casbin, compiled: FOUND.compiled },
};

describe('a difference between engines', () => {
  it('is recorded before the effect is, and the operator is told', () => {
    const run = createMemoryRun(() => ({ ...allow(), diverged: [FOUND] }));
    run.pipeline.enforceNow({ ...effectOf(run), perform: () => ({ status: 'ok', value: '' }), parse: () => request() });
    expect(run.types()).toEqual(['policy.diverged', 'effect.intended', 'effect.settled']);
    expect(run.records[0]).toEqual(RECORDED);
    expect(run.faults.map(String)).toEqual([expect.stringContaining('disagree on `fs:read` `/w/a`')]);
  });

  it('is recorded beside a denial, which it does not change', async () => {
    const run = createMemoryRun(() => ({ ...deny('policy-unavailable'), diverged: [FOUND] }));
    expect(await run.pipeline.enforce(effectOf(run))).toMatchObject({
      status: 'denied',
      denial: { reason: 'policy-unavailable' },
    });
    expect(run.types()).toEqual(['policy.diverged', 'effect.denied']);
  });

  it('is recorded once in a run, and each one is', async () => {
    let turn = 0;
    const run = createMemoryRun(() => ({ ...deny(), diverged: turn++ < 2 ? [FOUND] : [OTHER, FOUND] }));
    for (let n = 0; n < 4; n++) await run.pipeline.enforce(effectOf(run));
    expect(run.types().filter((type) => type === 'policy.diverged')).toHaveLength(2);
    expect(run.faults).toHaveLength(2);
  });

  it('is recorded where a question finds it, although nothing else of a question is', () => {
    const run = createMemoryRun(() => ({ ...allow(), diverged: [FOUND] }));
    expect(run.pipeline.check(request(), new Set())).toBe('allow');
    expect(run.types()).toEqual(['policy.diverged']);
  });

  it('stops the effect where it cannot be recorded', async () => {
    const run = createMemoryRun(() => ({ ...allow(), diverged: [FOUND] }));
    run.breakLog();
    expect(await run.pipeline.enforce(effectOf(run))).toMatchObject({
      status: 'denied',
      denial: { reason: 'audit-unavailable' },
    });
    expect(run.steps).not.toContain('perform');
    expect(run.pipeline.auditFailed()).toBe(true);
  });
});

it('where the engines agree, nothing is recorded beside the effect', async () => {
  const run = createMemoryRun(() => allow());
  await run.pipeline.enforce(effectOf(run));
  expect(run.types()).toEqual(['effect.intended', 'effect.settled']);
  expect(run.faults).toEqual([]);
});
