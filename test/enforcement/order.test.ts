import { describe, expect, it } from 'vitest';
import { STEPS } from '../../host/enforcement/order.ts';
import { effectOf, request } from './effects.ts';
import { allow, createMemoryRun } from './in-memory.ts';

/** Where each step of the ten shows in a run that is allowed; approval, reservation and discharge have no trace of their own. */
const TRACE: Partial<Record<(typeof STEPS)[number], string>> = {
  validate: 'parse',
  decide: 'decide',
  'record-intent': 'append:effect.intended',
  perform: 'perform',
  'record-outcome': 'append:effect.settled',
};

describe('the order of an effect', () => {
  it('is that of the list of steps: the intent is written before the effect, the outcome after', async () => {
    const run = createMemoryRun(() => allow());
    expect(await run.pipeline.enforce(effectOf(run))).toEqual({ status: 'ok', value: 'hello' });
    expect(run.steps).toEqual(STEPS.flatMap((step) => TRACE[step] ?? []));
  });

  it('holds when parser and driver wait', async () => {
    const run = createMemoryRun(() => allow());
    const effect = effectOf(run, {
      parse: async () => {
        await Promise.resolve();
        run.steps.push('parse');
        return request();
      },
      perform: async (grant) => {
        await Promise.resolve();
        run.steps.push('perform');
        return { status: 'ok', value: run.pipeline.redeem(grant).target.line };
      },
    });
    await run.pipeline.enforce(effect);
    expect(run.steps).toEqual(STEPS.flatMap((step) => TRACE[step] ?? []));
  });

  it('links the outcome to its intent, and both to one decision under one policy', async () => {
    const run = createMemoryRun(() => allow());
    await run.pipeline.enforce(effectOf(run));
    await run.pipeline.enforce(effectOf(run));
    const [intended, settled, , second] = run.records;
    expect(intended).toMatchObject({
      type: 'effect.intended',
      principal: { agent: 'agent:test-1' },
      purpose: 'testing',
      action: 'log:write',
      resource: 'log:info',
      decision: { effect: 'allow', id: 'run-1/1', rules: ['rule-1a2b3c'] },
      policy: { generation: 7 },
    });
    expect(settled).toMatchObject({ intent: 0, outcome: { status: 'ok', durationUs: 250 } });
    expect(second).toMatchObject({ intent: 2 });
  });

  it('decides with the facts of the run and the time of the host', async () => {
    const run = createMemoryRun();
    await run.pipeline.enforce(effectOf(run));
    expect(run.asked[0]?.context).toEqual({ purpose: 'testing', nowMs: 1000 });
  });

  it('gives every decision an id of its own', async () => {
    const run = createMemoryRun(() => allow());
    for (let count = 0; count < 3; count += 1) await run.pipeline.enforce(effectOf(run));
    run.pipeline.refuse('net:connect', 'tcp:ipv4', 'not-served');
    const ids = run.records.flatMap(({ decision }) => decision?.id ?? []);
    expect(new Set(ids).size).toBe(4);
    expect(run.events.map(({ id }) => id)).toEqual(ids);
  });
});

describe('the record of a request', () => {
  it('shows digest and summary, and the payload only where a rule says log=full', async () => {
    const plain = createMemoryRun(() => allow());
    await plain.pipeline.enforce(effectOf(plain));
    expect(plain.records[0]?.request).toEqual({ digest: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown, bytes: 5 });

    const full = createMemoryRun(() => allow({ log: 'full' }));
    await full.pipeline.enforce(effectOf(full));
    expect(full.records[0]?.request).toMatchObject({ bytes: 5, payload: { line: 'hello' } });
  });

  it('never shows the payload of what was denied', async () => {
    const run = createMemoryRun();
    await run.pipeline.enforce(effectOf(run));
    expect(JSON.stringify(run.records)).not.toContain('hello');
  });

  it('names every access where an effect has more than one', async () => {
    const run = createMemoryRun(() => allow());
    const [access] = request().accesses;
    const second = { ...access, resource: 'log:warn' };
    await run.pipeline.enforce(effectOf(run, { parse: () => ({ ...request(), accesses: [access, second] }) }));
    expect(run.records[0]?.accesses).toEqual([
      { action: 'log:write', resource: 'log:info' },
      { action: 'log:write', resource: 'log:warn' },
    ]);
  });
});
