import { describe, expect, it } from 'vitest';
import { effectOf } from './effects.ts';
import { allow, createMemoryRun, deny } from './in-memory.ts';

const UNAVAILABLE = { status: 'denied', denial: { reason: 'audit-unavailable' } };

describe('a record that cannot be written', () => {
  it('stops the effect before it happens', async () => {
    const run = createMemoryRun(() => allow());
    run.breakLog();
    expect(await run.pipeline.enforce(effectOf(run))).toMatchObject(UNAVAILABLE);
    expect(run.steps).not.toContain('perform');
    expect(run.pipeline.auditFailed()).toBe(true);
    expect(run.events).toMatchObject([{ effect: 'deny', reason: 'audit-unavailable' }]);
    expect(run.faults).toHaveLength(1);
  });

  it('stops every later effect, even if the log would work again', async () => {
    let fail = true;
    const appended: string[] = [];
    const run = createMemoryRun(() => allow(), {
      log: {
        append(entry) {
          if (fail) throw new Error('disk full');
          return appended.push(entry.type);
        },
      },
    });
    await run.pipeline.enforce(effectOf(run));
    fail = false;
    expect(await run.pipeline.enforce(effectOf(run))).toMatchObject(UNAVAILABLE);
    expect(run.steps).not.toContain('perform');
    expect(appended).toEqual([]);
  });

  it('after an effect stops the next one', async () => {
    const run = createMemoryRun(() => allow());
    const first = await run.pipeline.enforce(
      effectOf(run, {
        perform: () => {
          run.breakLog();
          return { status: 'ok', value: 'done' };
        },
      }),
    );
    expect(first).toEqual({ status: 'ok', value: 'done' });
    expect(await run.pipeline.enforce(effectOf(run))).toMatchObject(UNAVAILABLE);
    expect(run.types()).toEqual(['effect.intended']);
  });

  it('of a denial makes it a denial for that reason', async () => {
    const run = createMemoryRun(() => deny('forbidden-by-rule'));
    run.breakLog();
    expect(await run.pipeline.enforce(effectOf(run))).toMatchObject(UNAVAILABLE);
  });

  it('of a refusal keeps the guest from going on as if nothing had happened', async () => {
    const run = createMemoryRun(() => allow());
    run.breakLog();
    const result = await run.pipeline.enforce(effectOf(run, { parse: () => ({ refused: 'x', action: 'log:write' }) }));
    expect(result).toMatchObject({ status: 'denied', denial: { decision: 'run-1/1', reason: 'audit-unavailable' } });
  });

  it('of something not served says so', () => {
    const run = createMemoryRun(() => allow());
    run.breakLog();
    expect(run.pipeline.refuse('net:connect', 'tcp:ipv4', 'not-served')).toMatchObject({ reason: 'audit-unavailable' });
    expect(run.pipeline.auditFailed()).toBe(true);
  });
});
