import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isAlive, probeTool, toolFixture, toolTagOf } from '../../gates/tool-exec/tool-fixture.ts';

async function gone(pids: readonly number[]): Promise<boolean> {
  for (let waited = 0; waited < 1000; waited += 20) {
    const alive = await Promise.all(pids.map(isAlive));
    if (!alive.includes(true)) return true;
    await delay(20);
  }
  return false;
}

const pidsOf = (text: string): number[] => text.trim().split('\n').map(Number);

describe('T6: a program and its children end with the call', () => {
  it('ends a program at its deadline', async () => {
    using fixture = toolFixture({ sleep: probeTool(['do:sleep'], {}, { timeout: '300ms' }) });
    const started = performance.now();
    expect(await toolTagOf(fixture.tools.call('sleep', '{}'))).toBe('timed-out');
    expect(performance.now() - started).toBeLessThan(2000);
    expect(await gone([Number(fixture.ledger[0]?.split(' ')[1])])).toBe(true);
    expect(fixture.records.at(-1)?.outcome).toMatchObject({ status: 'error', code: 'timed-out' });
  });

  it('ends it at the deadline of the policy where that is earlier', async () => {
    using fixture = toolFixture({ sleep: probeTool(['do:sleep'], {}) }, { obligations: { timeoutMs: 300 } });
    expect(await toolTagOf(fixture.tools.call('sleep', '{}'))).toBe('timed-out');
  });

  it('leaves no child behind that the program started in the background', async () => {
    using fixture = toolFixture({ orphans: probeTool(['do:orphans'], {}) });
    const { stdout, exitCode } = await fixture.tools.call('orphans', '{}');
    expect(exitCode).toBe(0);
    expect(pidsOf(stdout)).toHaveLength(2);
    expect(await gone(pidsOf(stdout))).toBe(true);
  });

  it('ends the children with a program that times out', async () => {
    using fixture = toolFixture({ orphans: probeTool(['do:orphans=stay'], {}, { timeout: 1500 }) });
    expect(await toolTagOf(fixture.tools.call('orphans', '{}'))).toBe('timed-out');
    expect(await gone([Number(fixture.ledger[0]?.split(' ')[1])])).toBe(true);
  });

  it('ends what still runs when the run ends', async () => {
    using fixture = toolFixture({ sleep: probeTool(['do:sleep'], {}) });
    const call = fixture.tools.call('sleep', '{}');
    while (fixture.ledger.length === 0) await delay(10);
    await fixture.gate.close();
    expect(await call).toMatchObject({ exitCode: 137 });
    expect(fixture.ledger.map((line) => line.split(' ')[0])).toEqual(['started', 'ended']);
  });

  it('says `not-started` for what cannot be started, and notes no process', async () => {
    using fixture = toolFixture(
      { t: probeTool([], {}, { directory: 'mount:/gone' }) },
      { mounts: () => [{ path: '/gone', directory: '/no/such/directory', access: 'ro' }] },
    );
    expect(await toolTagOf(fixture.tools.call('t', '{}'))).toBe('not-started');
    expect(fixture.ledger).toEqual([]);
  });

  it('lets a program end by itself', async () => {
    using fixture = toolFixture({ exit: probeTool(['do:exit=7'], {}) });
    expect(await fixture.tools.call('exit', '{}')).toMatchObject({ exitCode: 7, truncated: false });
  });
});
