import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { verifyRunFile } from '../../host/audit/verify/run-file.ts';
import {
  answerOf,
  ask,
  makeDelegationBed,
  mayAsk,
  mayRead,
  type BedOptions,
  type DelegationBed,
} from './delegation-bed.ts';

let bed: DelegationBed;
afterEach(() => bed.world.remove());
const make = async (options: BedOptions): Promise<DelegationBed> => (bed = await makeDelegationBed(options));

describe('an agent as a tool of another', { timeout: 120_000 }, () => {
  it('answers with what it returned', async () => {
    await make({ rows: [mayAsk('alpha', 'beta'), mayRead('alpha'), mayRead('beta')] });
    const [seen] = await bed.see('alpha', [ask('beta', ['read', '/workspace/open.txt'])]);
    expect(answerOf(seen)).toEqual([{ ok: 'open' }]);
    expect(bed.told).toEqual([]);
    expect(bed.faults).toEqual([]);
  });

  it('has its own failure as an answer', async () => {
    await make({ rows: [mayAsk('alpha', 'beta')] });
    const input = JSON.stringify({ steps: [], fail: 'no such order' });
    const [seen] = await bed.see('alpha', [['call', 'ask/beta', { input }]]);
    expect(seen?.ok).toEqual({ exitCode: 1, stdout: '', stderr: 'no such order', truncated: false });
  });

  it('links both records, names the chain and passes the verifier', async () => {
    await make({ rows: [mayAsk('alpha', 'beta'), mayRead('alpha'), mayRead('beta')] });
    await bed.see('alpha', [ask('beta', ['read', '/workspace/open.txt'])]);
    const [caller, callee] = bed.records();
    const call = caller?.find(({ type }) => type === 'effect.intended');
    const settled = caller?.find(({ type }) => type === 'effect.settled');
    expect(callee?.[0]?.detail?.['parent']).toEqual({ run: caller?.[0]?.run, decision: call?.decision?.['id'] });
    expect(settled?.outcome?.detail).toEqual({ run: callee?.[0]?.run, exitCode: 0, truncated: false });
    expect(caller?.[0]?.principal).not.toHaveProperty('callers');
    const read = callee?.find(({ type }) => type === 'effect.intended');
    expect(read?.principal).toMatchObject({ agent: 'agent:beta', callers: ['agent:alpha'] });
    expect(read?.decision?.['rules']).toHaveLength(2);
    for (const file of bed.world.records())
      expect(verifyRunFile([readFileSync(file)])).toMatchObject({ ok: true, warnings: [] });
  });
});
