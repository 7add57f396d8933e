import { describe, expect, it } from 'vitest';
import type { EffectEnd } from '../../host/enforcement/effect.ts';
import { testPipeline } from '../support/pipeline.ts';

const request = {
  capability: 'http',
  accesses: [{ action: 'http:GET', resource: 'https://a.test/', attributes: new Map() }],
  target: undefined,
  summary: {},
} as const;

describe('an effect that goes on after the call', () => {
  it('is settled when it ends, once, with what it came to', async () => {
    const { pipeline, records } = testPipeline({ allow: () => true });
    const reports: ((end: EffectEnd) => void)[] = [];
    const enforced = await pipeline.enforce({
      capability: 'http',
      discharges: new Set(),
      parse: () => request,
      perform: () => ({ status: 'begun', value: 'stream', ended: (given) => void reports.push(given) }),
    });
    expect(enforced).toEqual({ status: 'ok', value: 'stream' });
    expect(records.map(({ type }) => type)).toEqual(['effect.intended']);
    expect(reports).toHaveLength(1);
    reports[0]?.({ facts: { bytesIn: 7 } });
    reports[0]?.({ code: 'late', facts: {} });
    expect(records.map(({ type }) => type)).toEqual(['effect.intended', 'effect.settled']);
    expect(records[1]).toMatchObject({ intent: 0, outcome: { status: 'ok', bytesIn: 7 } });
  });

  it('is settled as an error where it broke', async () => {
    const { pipeline, records } = testPipeline({ allow: () => true });
    await pipeline.enforce({
      capability: 'http',
      discharges: new Set(),
      parse: () => request,
      perform: () => ({
        status: 'begun',
        value: 'stream',
        ended: (report) => report({ code: 'timed-out', facts: { bytesOut: 3 } }),
      }),
    });
    expect(records[1]?.outcome).toMatchObject({ status: 'error', code: 'timed-out', bytesOut: 3 });
  });
});
