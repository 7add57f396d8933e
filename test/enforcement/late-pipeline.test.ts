import { describe, expect, it } from 'vitest';
import type { Effect } from '../../host/enforcement/effect.ts';
import { createLatePipeline } from '../../host/enforcement/late-pipeline.ts';
import { allow, createMemoryRun } from './in-memory.ts';

/** An effect that says whether it happened. */
function countingEffect(): { effect: Effect<string, string, never>; performed: () => number } {
  let count = 0;
  const effect: Effect<string, string, never> = {
    capability: 'fs',
    discharges: new Set(),
    parse: () => ({
      capability: 'fs',
      accesses: [{ action: 'fs:read', resource: '/workspace/a', attributes: new Map() }],
      target: 'a',
      summary: {},
    }),
    perform: () => {
      count += 1;
      return { status: 'ok', value: 'done' };
    },
  };
  return { effect, performed: () => count };
}

describe('a pipeline whose run comes later', () => {
  it('lets nothing pass before, whatever the policy would say', () => {
    const { effect, performed } = countingEffect();
    const { pipeline } = createLatePipeline();
    expect(() => pipeline.enforce(effect)).toThrow('before its run began');
    expect(() => pipeline.enforceNow(effect as never)).toThrow('before its run began');
    expect(() => pipeline.refuse('fs:read', '/a', 'not-served')).toThrow('before its run began');
    expect(() => pipeline.check({ refused: 'no', action: 'fs:read' }, new Set())).toThrow('before its run began');
    expect(performed()).toBe(0);
  });

  it('decides and records as the pipeline of the run does', async () => {
    const { effect, performed } = countingEffect();
    const run = createMemoryRun(() => allow());
    const late = createLatePipeline();
    late.seat(run.pipeline);
    expect(await late.pipeline.enforce(effect)).toEqual({ status: 'ok', value: 'done' });
    expect(performed()).toBe(1);
    expect(run.types()).toEqual(['effect.intended', 'effect.settled']);
  });

  it('serves one run and no other', () => {
    const late = createLatePipeline();
    late.seat(createMemoryRun(() => allow()).pipeline);
    expect(() => late.seat(createMemoryRun(() => allow()).pipeline)).toThrow('gates serve one run');
  });
});
