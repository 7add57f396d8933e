import { describe, expect, it } from 'vitest';
import type { Decision, PolicyRef } from '../../host/contracts/decision.ts';
import { NO_ATTRIBUTES } from '../../host/contracts/request.ts';
import { intersectionOf, type ChainLink } from '../../host/policy/intersection.ts';

const policy: PolicyRef = { digest: 'sha256:test', generation: 1 };
const rule = (id: string, namesHost = false) => ({ id, namesHost });
const link = (agent: string, decision: Decision): ChainLink => ({
  agent,
  facts: {},
  decisionPoint: { policy, decide: () => decision },
});
const allow = (id: string, more: object = {}, namesHost = false): Decision => ({
  effect: 'allow',
  rules: [rule(id, namesHost)],
  obligations: more,
  policy,
});
const deny = (id: string, access = 0): Decision => ({
  effect: 'deny',
  reason: 'forbidden-by-rule',
  rules: [rule(id)],
  access,
  policy,
});
const approve = (id: string, ...roles: string[]): Decision => ({
  effect: 'approve',
  rules: [rule(id)],
  obligations: { approval: { roles, ttlMs: 60_000 } },
  policy,
});

const decide = (first: Decision, ...others: Decision[]): Decision => {
  const [acting, ...callers] = [first, ...others].map((decision, index) => link(`agent:${index}`, decision));
  if (acting === undefined) throw new Error('nobody acts');
  const access = { action: 'fs:read', resource: '/x', attributes: NO_ATTRIBUTES };
  return intersectionOf([acting, ...callers]).decide([access], { nowMs: 0 });
};

describe('the decision point of a chain', () => {
  it('is that of the agent where nobody called it', () => {
    const alone = link('agent:0', allow('r1'));
    expect(intersectionOf([alone])).toBe(alone.decisionPoint);
  });

  it('says whose rules deny, where that is a caller', () => {
    expect(decide(allow('r1'), allow('r2'), deny('r3', 1))).toEqual({ ...deny('r3', 1), agent: 'agent:2' });
    expect(decide(deny('r1'), deny('r2'))).toEqual({ ...deny('r1'), rules: [rule('r1'), rule('r2')] });
  });

  it('carries the strictest obligations of all', () => {
    const decision = decide(
      allow('r1', { rows: 5, log: 'digest' }),
      allow('r2', { rows: 9, timeoutMs: 100, log: 'full' }),
    );
    expect(decision).toMatchObject({ obligations: { rows: 5, timeoutMs: 100, log: 'full' } });
  });

  it('names a resource only where the rules of all do', () => {
    expect(decide(allow('r1', {}, true), allow('r2')).rules).toEqual([rule('r1'), rule('r2')]);
    expect(decide(allow('r1', {}, true), allow('r2', {}, true)).rules).toEqual([rule('r1', true), rule('r2', true)]);
  });

  it('asks every person that one of them asks for', () => {
    const ask = (...roles: string[]) => ({ effect: 'approve', obligations: { approval: { roles, ttlMs: 60_000 } } });
    expect(decide(allow('r1'), approve('r2', 'owner'))).toMatchObject(ask('owner'));
    expect(decide(approve('r1', 'owner', 'chief'), approve('r2', 'chief'))).toMatchObject(ask('chief', 'owner'));
    expect(decide(approve('r1', 'owner'), approve('r2', 'chief'))).toMatchObject(ask('chief', 'owner'));
  });

  it('says whose the budgets of a caller are, always by the same term, and leaves the own ones alone', () => {
    const term = { kind: 'rate', rule: 'r', limit: 3, periodMs: 1_000, scope: 'agent' } as const;
    const links = [
      link('agent:0', allow('r', { budgets: [term] })),
      { ...link('agent:1', allow('r', { budgets: [term] })), facts: { onBehalfOf: 'user:ada' } },
    ] as const;
    const point = intersectionOf(links);
    const access = { action: 'fs:read', resource: '/x', attributes: NO_ATTRIBUTES };
    const decided = [1, 2].map(() => point.decide([access], { nowMs: 0 }));
    const [first, second] = decided.map((decision) =>
      decision.effect === 'allow' ? decision.obligations.budgets : [],
    );
    expect(first).toEqual([term, { ...term, owner: { agent: 'agent:1', onBehalfOf: 'user:ada' } }]);
    expect(first?.[0]).toBe(term);
    expect(second?.[1]).toBe(first?.[1]);
  });

  it('tells everybody whom one of the rules that deny names', () => {
    const [one, other] = [deny('r1'), deny('r2')] as readonly (Decision & { effect: 'deny' })[];
    const denied = decide(
      { ...one, obligations: { alert: ['soc'] } } as Decision,
      { ...other, obligations: { alert: ['cfo'], log: 'full' } } as Decision,
    );
    expect(denied).toMatchObject({ obligations: { alert: ['cfo', 'soc'], log: 'full' } });
  });
});
