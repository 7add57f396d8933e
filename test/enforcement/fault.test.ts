import { describe, expect, it } from 'vitest';
import { effectOf } from './effects.ts';
import { allow, createMemoryRun } from './in-memory.ts';

const SECRET = new Error('cannot open /home/operator/secret');

describe('a fault of the host', () => {
  it.each(['throws', 'rejects'])('in a driver that %s settles the record and tells the guest nothing', async (how) => {
    const run = createMemoryRun(() => allow());
    const result = await run.pipeline.enforce(
      effectOf(run, {
        perform: () => {
          if (how === 'throws') throw SECRET;
          return Promise.reject(SECRET);
        },
      }),
    );
    expect(result).toEqual({ status: 'fault' });
    expect(run.types()).toEqual(['effect.intended', 'effect.settled']);
    expect(run.records[1]).toMatchObject({ intent: 0, outcome: { status: 'error', code: 'internal' } });
    expect(run.faults).toEqual([SECRET]);
    expect(JSON.stringify(run.records)).not.toContain('secret');
  });

  it.each(['throws', 'rejects'])(
    'in a parser that %s reaches neither policy nor driver, and the operator is told',
    async (how) => {
      const run = createMemoryRun(() => allow());
      const result = await run.pipeline.enforce(
        effectOf(run, {
          parse: () => {
            if (how === 'throws') throw SECRET;
            return Promise.reject(SECRET);
          },
        }),
      );
      expect(result).toEqual({ status: 'fault' });
      expect(run.steps).toEqual([]);
      expect(run.faults).toEqual([SECRET]);
    },
  );

  it('in the policy engine is no allow', async () => {
    const run = createMemoryRun(() => {
      throw SECRET;
    });
    expect(await run.pipeline.enforce(effectOf(run))).toEqual({ status: 'fault' });
    expect(run.steps).not.toContain('perform');
    expect(run.faults).toEqual([SECRET]);
  });

  it('does not end the run: the next effect is decided as before', async () => {
    const run = createMemoryRun(() => allow());
    await run.pipeline.enforce(
      effectOf(run, {
        perform: () => {
          throw SECRET;
        },
      }),
    );
    expect(await run.pipeline.enforce(effectOf(run))).toEqual({ status: 'ok', value: 'hello' });
  });
});

describe('a failure of the world', () => {
  it('is a value with its code in the record', async () => {
    const run = createMemoryRun(() => allow());
    const result = await run.pipeline.enforce(
      effectOf(run, {
        perform: () => ({ status: 'failed', failure: 'gone', code: 'not-found', facts: { bytesOut: 3 } }),
      }),
    );
    expect(result).toEqual({ status: 'failed', failure: 'gone' });
    expect(run.records[1]).toMatchObject({ outcome: { status: 'error', code: 'not-found', bytesOut: 3 } });
  });
});
