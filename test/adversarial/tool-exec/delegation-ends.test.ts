import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, makeDelegationBed, mayAsk, type BedOptions, type DelegationBed } from '../../e2e/delegation-bed.ts';

let bed: DelegationBed;
afterEach(() => bed.world.remove());
const make = async (options: BedOptions): Promise<DelegationBed> => (bed = await makeDelegationBed(options));
const rows = [mayAsk('alpha', 'beta'), mayAsk('beta', 'gamma'), mayAsk('alpha', 'gamma')];

describe('T6 the end of a called agent is the end of its call alone', { timeout: 120_000 }, () => {
  it('answers where the agent traps, and the caller goes on', async () => {
    await make({ rows });
    const [trapped, after] = await bed.see('alpha', [ask('beta', ['trap']), ask('beta')]);
    expect(trapped?.ok).toMatchObject({ exitCode: expect.any(Number) as number });
    expect(after?.ok).toMatchObject({ exitCode: 0 });
  });

  it('ends an agent that spins when the time of the call is over', async () => {
    await make({ rows, ask: { beta: ', timeout: 800ms' } });
    const [spun] = await bed.see('alpha', [ask('beta', ['spin'])]);
    expect(spun).toEqual({ error: { tag: 'timed-out' } });
    expect(bed.records()[1]?.at(-1)).toMatchObject({ type: 'run.closed' });
    const settled = bed.records()[0]?.find(({ type }) => type === 'effect.settled');
    expect(settled?.outcome?.detail?.['run']).toBe(bed.records()[1]?.[0]?.run);
  });

  it('cuts an answer that is too long between two characters, and says so', async () => {
    await make({ rows, ask: { beta: ', maxOutputBytes: 1001' } });
    const input = JSON.stringify({ steps: [], answer: 'é'.repeat(5000) });
    const [long] = await bed.see('alpha', [['call', 'ask/beta', { input }]]);
    expect(long?.ok).toEqual({ exitCode: 0, stdout: 'é'.repeat(500), stderr: '', truncated: true });
  });

  it('is not started where its component is not the one that is pinned, and has a record that says so', async () => {
    await make({ rows, agents: { beta: `, digest: 'sha256:${'0'.repeat(64)}'` } });
    expect(await bed.see('alpha', [ask('beta')])).toEqual([{ error: { tag: 'not-started' } }]);
    const [, below] = bed.records();
    expect(below?.map(({ type }) => type)).toEqual(['run.opened', 'load.denied', 'run.closed']);
    const settled = bed.records()[0]?.find(({ type }) => type === 'effect.settled');
    expect(settled?.outcome).toMatchObject({ code: 'ERR_COMPONENT_DIGEST', detail: { run: below?.[0]?.run } });
  });

  it('is not started where its component is not there, and the operator is told', async () => {
    await make({ rows });
    const component = join(bed.world.directory, 'alpha.wasm');
    renameSync(join(bed.world.directory, 'agent.wasm'), component);
    const { output = '' } = await bed.run('alpha', { steps: [ask('beta')] }, { component });
    expect(JSON.parse(output)).toEqual([{ error: { tag: 'not-started' } }]);
    expect(bed.faults.join()).toMatch(/the agent `beta` could not be started/);
  });
});

describe('T6 the end of a caller is the end of every agent below it', { timeout: 120_000 }, () => {
  it('leaves no run below a run that is cancelled in the middle of a call', async () => {
    await make({ rows });
    const end = new AbortController();
    const script = { steps: [ask('beta', ask('gamma', ['spin']))] };
    const running = bed.run('alpha', script, { signal: end.signal });
    const audit = join(bed.world.directory, '.sallyport/audit');
    while (!existsSync(audit) || bed.world.records().length < 3) await sleep(50);
    await sleep(300);
    end.abort();
    expect((await running).error?.code).toBe('cancelled');
    // The result is there: so is the end of all the others, and nothing of them is left to write.
    const closed = bed.records().map((records) => records.at(-1)?.type);
    expect(closed).toEqual(['run.closed', 'run.closed', 'run.closed']);
    const before = process.cpuUsage();
    await sleep(500);
    const { user } = process.cpuUsage(before);
    expect(user / 1000).toBeLessThan(400);
    expect(bed.records()[0]?.some(({ type }) => type === 'effect.unknown')).toBe(true);
  });
});
