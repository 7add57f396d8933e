import { describe, expect, it } from 'vitest';
import type { Decision, Obligations } from '../../host/contracts/decision.ts';
import type { DriverResult } from '../../host/enforcement/effect.ts';
import { effectOf, request } from './effects.ts';
import { allow, approve, createMemoryRun, deny, RULES } from './in-memory.ts';

describe('a denial', () => {
  it.each<[string, Decision, string]>([
    ['no rule', deny(), 'no-rule'],
    ['a rule that forbids', { ...deny('forbidden-by-rule'), rules: RULES }, 'forbidden-by-rule'],
    ['an engine that cannot decide', deny('policy-unavailable'), 'policy-unavailable'],
    ['an approval that nobody can give yet', approve(), 'not-approved'],
    ['an obligation that the gate cannot discharge', allow({ rows: 10 }), 'unsupported-obligation'],
    ['an obligation that nobody knows', allow({ teleport: 1 } as Obligations), 'unsupported-obligation'],
  ])('by %s never reaches the driver, and is recorded', async (_, decision, reason) => {
    const run = createMemoryRun(() => decision);
    const result = await run.pipeline.enforce(effectOf(run));
    expect(result).toMatchObject({ status: 'denied', denial: { decision: 'run-1/1', reason } });
    expect(run.steps).not.toContain('perform');
    expect(run.records).toMatchObject([{ type: 'effect.denied', decision: { effect: 'deny', id: 'run-1/1', reason } }]);
    expect(run.events).toMatchObject([{ effect: 'deny', reason }]);
  });

  it('tells the guest nothing of the policy or the request', async () => {
    const run = createMemoryRun(() => ({ ...deny('forbidden-by-rule'), rules: RULES }));
    const text = JSON.stringify(await run.pipeline.enforce(effectOf(run)));
    for (const secret of ['rule-1a2b3c', '5ec2e7', 'log:info', 'hello', 'role:']) expect(text).not.toContain(secret);
  });

  it('names in the record the access that was not allowed', async () => {
    const run = createMemoryRun(() => deny('no-rule', 1));
    const [access] = request().accesses;
    const second = { ...access, resource: 'log:warn' };
    await run.pipeline.enforce(effectOf(run, { parse: () => ({ ...request(), accesses: [access, second] }) }));
    expect(run.records[0]).toMatchObject({ resource: 'log:warn' });
  });

  it('leaves out no obligation that the gate can discharge', async () => {
    const run = createMemoryRun(() => allow({ rows: 10, timeoutMs: 5 }));
    const seen: unknown[] = [];
    const effect = effectOf(run, {
      discharges: new Set(['rows', 'timeoutMs'] as const),
      perform: (grant): DriverResult<string, string> => {
        seen.push(run.pipeline.redeem(grant).obligations);
        return { status: 'ok', value: '' };
      },
    });
    expect(await run.pipeline.enforce(effect)).toMatchObject({ status: 'ok' });
    expect(seen).toEqual([{ rows: 10, timeoutMs: 5 }]);
    expect(run.records[0]?.decision).toMatchObject({ obligations: { rows: 10, timeoutMs: 5 } });
  });
});

describe('a denial by the driver', () => {
  it('is recorded with its intent, under an id of its own', async () => {
    const run = createMemoryRun(() => allow());
    const result = await run.pipeline.enforce(
      effectOf(run, {
        perform: () => ({ status: 'denied', reason: 'address-forbidden', facts: { detail: { address: '10.0.0.1' } } }),
      }),
    );
    expect(result).toMatchObject({ status: 'denied', denial: { decision: 'run-1/2', reason: 'address-forbidden' } });
    expect(run.types()).toEqual(['effect.intended', 'effect.denied']);
    expect(run.records[1]).toMatchObject({ intent: 0, outcome: { status: 'error', code: 'address-forbidden' } });
  });
});

describe('a request that cannot be brought into canonical form', () => {
  it('is refused with its fixed text, recorded, and never decided on', async () => {
    const run = createMemoryRun(() => allow());
    const result = await run.pipeline.enforce(
      effectOf(run, { parse: () => ({ refused: 'the line is longer than the limit', action: 'log:write' }) }),
    );
    expect(result).toEqual({ status: 'refused', text: 'the line is longer than the limit' });
    expect(run.records).toMatchObject([
      {
        type: 'effect.denied',
        action: 'log:write',
        decision: { effect: 'deny', reason: 'invalid-request' },
        detail: { refused: 'the line is longer than the limit' },
      },
    ]);
    expect(run.steps).not.toContain('decide');
  });
});

describe('what no gate serves', () => {
  it('is denied and recorded', () => {
    const run = createMemoryRun(() => allow());
    expect(run.pipeline.refuse('net:connect', 'tcp:ipv4', 'not-served')).toMatchObject({ reason: 'not-served' });
    expect(run.records).toMatchObject([{ type: 'effect.denied', action: 'net:connect', resource: 'tcp:ipv4' }]);
  });
});

describe('a check', () => {
  it.each<[Decision, string]>([
    [allow(), 'allow'],
    [deny(), 'deny'],
    [approve(), 'approve'],
    [allow({ rows: 1 }), 'deny'],
  ])('answers what an attempt would get (%#) and records nothing', (decision, verdict) => {
    const run = createMemoryRun(() => decision);
    expect(run.pipeline.check(request(), new Set())).toBe(verdict);
    expect([run.records, run.events]).toEqual([[], []]);
  });

  it('denies what is not in canonical form, without asking', () => {
    const run = createMemoryRun(() => allow());
    expect(run.pipeline.check({ refused: 'x', action: 'log:write' }, new Set())).toBe('deny');
    expect(run.steps).toEqual([]);
  });

  it('denies once records cannot be written, as an attempt would', async () => {
    const run = createMemoryRun(() => allow());
    run.breakLog();
    await run.pipeline.enforce(effectOf(run));
    expect(run.pipeline.check(request(), new Set())).toBe('deny');
  });
});
