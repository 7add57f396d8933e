import { afterEach, describe, expect, it } from 'vitest';
import {
  answerOf,
  ask,
  makeDelegationBed,
  mayAsk,
  type BedOptions,
  type DelegationBed,
} from '../../e2e/delegation-bed.ts';

let bed: DelegationBed;
afterEach(() => bed.world.remove());
const make = async (options: BedOptions): Promise<DelegationBed> => (bed = await makeDelegationBed(options));
const CHECK = ['check', 'fs:read', '/workspace/open.txt'] as const;

describe('M1 budget splitting: what is done below a run is taken from its budgets', { timeout: 120_000 }, () => {
  it('counts the host calls of a called agent as calls of the caller', async () => {
    await make({ rows: [mayAsk('alpha', 'beta')], agents: { alpha: ', limits: { hostCalls: 100 }' } });
    const part = ask('beta', ['times', 40, CHECK]);
    const { status, error, usage } = await bed.run('alpha', { steps: [part, part, part, part] });
    expect({ status, limit: error?.limit }).toEqual({ status: 'limit', limit: 'hostCalls' });
    expect(usage.hostCalls).toBeGreaterThan(80);
    expect(usage.hostCalls).toBeLessThan(105);
  });

  it('gives a called agent no more calls than are left, and no more than its own', async () => {
    await make({
      rows: [mayAsk('alpha', 'beta'), mayAsk('alpha', 'gamma')],
      agents: { alpha: ', limits: { hostCalls: 200 }', beta: ', limits: { hostCalls: 20 }' },
    });
    const [own, left] = await bed.see('alpha', [
      ask('beta', ['times', 30, CHECK]),
      ask('gamma', ['times', 100, CHECK]),
    ]);
    expect(own?.ok).toMatchObject({ exitCode: 4, stderr: 'the agent reached a limit: hostCalls' });
    expect(answerOf(left)).toHaveLength(1);
  });

  it('takes the CPU time of a called agent from that of the caller', async () => {
    const agents = { alpha: ', limits: { cpu: 1500ms }', beta: ', limits: { cpu: 800ms }' };
    await make({ rows: [mayAsk('alpha', 'beta')], agents });
    const part = ask('beta', ['spin']);
    const { status, error, usage } = await bed.run('alpha', { steps: [part, part, part, part] });
    expect({ status, limit: error?.limit }).toEqual({ status: 'limit', limit: 'cpuMs' });
    expect(usage.cpuMs).toBeGreaterThan(1500);
    expect(usage.cpuMs).toBeLessThan(2500);
  });

  it('lets no called agent outlive the wall time of the caller', async () => {
    await make({ rows: [mayAsk('alpha', 'beta')], agents: { alpha: ', limits: { wall: 6s }' } });
    const started = performance.now();
    const { status, error } = await bed.run('alpha', { steps: [ask('beta', ['spin'])] });
    expect({ status, limit: error?.limit }).toEqual({ status: 'limit', limit: 'wallMs' });
    expect(performance.now() - started).toBeLessThan(12_000);
    expect(bed.records()[1]?.at(-1)).toMatchObject({ type: 'run.closed' });
  });
});
