import { describe, expect, it } from 'vitest';
import type { Grant } from '../../host/enforcement/grant.ts';
import { effectOf, type Target } from './effects.ts';
import { allow, createMemoryRun, type MemoryRun } from './in-memory.ts';

const NOT_LIVE = expect.objectContaining({ code: 'ERR_GRANT' }) as unknown;

/** Runs one allowed effect and gives its grant to the test. */
async function withGrant(run: MemoryRun, use: (grant: Grant<Target>) => void): Promise<void> {
  const result = await run.pipeline.enforce(
    effectOf(run, {
      perform: (grant) => {
        use(grant);
        return { status: 'ok', value: '' };
      },
    }),
  );
  expect(result).toMatchObject({ status: 'ok' });
}

const redeeming = (run: MemoryRun, grant: unknown) => () => run.pipeline.redeem(grant as Grant<Target>);

describe('a grant', () => {
  it('holds exactly what was decided', async () => {
    const run = createMemoryRun(() => allow({ log: 'full' }));
    await withGrant(run, (grant) => {
      expect(run.pipeline.redeem(grant)).toEqual({
        target: { line: 'hello' },
        digest: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
        generation: 7,
        decisionId: 'run-1/1',
        rules: [{ id: 'rule-1a2b3c', namesHost: false }],
        obligations: { log: 'full' },
        takeBytes: expect.any(Function) as unknown,
        reportCost: expect.any(Function) as unknown,
        stands: expect.any(Function) as unknown,
      });
    });
  });

  it('opens once', async () => {
    const run = createMemoryRun(() => allow());
    await withGrant(run, (grant) => {
      run.pipeline.redeem(grant);
      expect(redeeming(run, grant)).toThrow(NOT_LIVE);
    });
  });

  it('of one run is worthless in another', async () => {
    const [one, other] = [createMemoryRun(() => allow()), createMemoryRun(() => allow())];
    await withGrant(one, (grant) => {
      expect(redeeming(other, grant)).toThrow(NOT_LIVE);
      expect(one.pipeline.redeem(grant).target).toEqual({ line: 'hello' });
    });
  });

  it.each([
    ['an object without prototype', Object.create(null)],
    ['a frozen object', Object.freeze({})],
    [
      'a record that looks like a claim',
      { target: { line: 'x' }, digest: '', generation: 7, decisionId: '', rules: [], obligations: {} },
    ],
    ['nothing', undefined],
    ['text', 'grant'],
  ])('cannot be forged from %s', (_, forged) => {
    expect(
      redeeming(
        createMemoryRun(() => allow()),
        forged,
      ),
    ).toThrow(NOT_LIVE);
  });

  it('cannot be copied', async () => {
    const run = createMemoryRun(() => allow());
    await withGrant(run, (grant) => {
      expect(redeeming(run, { ...grant })).toThrow(NOT_LIVE);
      expect(redeeming(run, structuredClone({ ...grant }))).toThrow(NOT_LIVE);
      expect(redeeming(run, Object.create(grant as object))).toThrow(NOT_LIVE);
    });
  });

  it('shows nothing to whoever holds it', async () => {
    const run = createMemoryRun(() => allow());
    await withGrant(run, (grant) => {
      expect(Reflect.ownKeys(grant as object)).toEqual([]);
      expect(Object.isFrozen(grant)).toBe(true);
    });
  });

  it('that a driver opens twice is a fault of the host, in the record too', async () => {
    const run = createMemoryRun(() => allow());
    const result = await run.pipeline.enforce(
      effectOf(run, {
        perform: (grant) => {
          run.pipeline.redeem(grant);
          return { status: 'ok', value: run.pipeline.redeem(grant).target.line };
        },
      }),
    );
    expect(result).toEqual({ status: 'fault' });
    expect(run.faults).toEqual([NOT_LIVE]);
    expect(run.records[1]).toMatchObject({ outcome: { status: 'error', code: 'internal' } });
  });
});

describe('a claim', () => {
  it('is bound to the canonical request by a digest that changes with any part of it', async () => {
    const digests = new Set<string>();
    const run = createMemoryRun(() => allow());
    const requestWith = (resource: string, attribute: string, bytes: number) => ({
      capability: 'log' as const,
      accesses: [{ action: 'log:write', resource, attributes: new Map([['a', attribute]]) }] as const,
      target: { line: '' },
      summary: { bytes },
    });
    for (const parsed of [
      requestWith('a', 'x', 1),
      requestWith('b', 'x', 1),
      requestWith('a', 'y', 1),
      requestWith('a', 'x', 2),
    ]) {
      await run.pipeline.enforce(
        effectOf(run, {
          parse: () => parsed,
          perform: (grant) => {
            digests.add(run.pipeline.redeem(grant).digest);
            return { status: 'ok', value: '' };
          },
        }),
      );
    }
    expect(digests.size).toBe(4);
  });
});
