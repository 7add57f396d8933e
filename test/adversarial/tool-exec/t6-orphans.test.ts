import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { probeTool, toolFixture, toolTagOf } from '../../gates/tool-exec/tool-fixture.ts';

/** Processes that have a text in their arguments, the dead ones left out. */
function running(mark: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(mark);
    } catch {
      return false; // it has just ended
    }
  });
}

/** Waits until there is such a process, or none. */
async function until(mark: string, present: boolean, withinMs = 1000): Promise<boolean> {
  for (let waited = 0; waited < withinMs; waited += 20) {
    if (running(mark).length > 0 === present) return true;
    await delay(20);
  }
  return false;
}

let count = 0;
/** A text that only one test has. */
const newMark = (): string => `mark-${process.pid}-${++count}-`;
const both = ['none', 'bubblewrap'] as const;
const text = { type: 'string' };
const marked = (behaviour: string, more: object = {}) => probeTool([`do:${behaviour}`, '{mark}'], { mark: text }, more);

describe('T6: a program and its children end with the call', () => {
  it.each(both)('ends a program at its deadline (%s)', async (isolation) => {
    using fixture = toolFixture({ sleep: marked('sleep', { isolation, timeout: '1s' }) });
    const mark = newMark();
    const started = performance.now();
    const call = toolTagOf(fixture.tools.call('sleep', JSON.stringify({ mark })));
    expect(await until(mark, true)).toBe(true);
    expect(await call).toBe('timed-out');
    expect(performance.now() - started).toBeLessThan(4000);
    expect(running(mark)).toEqual([]);
    expect(fixture.records.at(-1)?.outcome).toMatchObject({ status: 'error', code: 'timed-out' });
  });

  it('ends it at the deadline of the policy where that is earlier', async () => {
    using fixture = toolFixture({ sleep: marked('sleep') }, { obligations: { timeoutMs: 300 } });
    expect(await toolTagOf(fixture.tools.call('sleep', '{"mark":"x"}'))).toBe('timed-out');
  });

  it.each(both)('leaves no child behind that the program started in the background (%s)', async (isolation) => {
    using fixture = toolFixture({ orphans: marked('orphans', { isolation }) });
    const mark = newMark();
    expect(await fixture.tools.call('orphans', JSON.stringify({ mark }))).toMatchObject({ exitCode: 0 });
    expect(running(mark)).toEqual([]);
  });

  it.each(both)('leaves none behind that went into sessions of their own, twice over (%s)', async (isolation) => {
    using fixture = toolFixture({ daemons: marked('daemons', { isolation }) });
    const mark = newMark();
    const { exitCode, stdout } = await fixture.tools.call('daemons', JSON.stringify({ mark }));
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'daemons run\n' });
    expect(await until(mark, false)).toBe(true);
  });

  it.each(both)('ends the children with a program that times out (%s)', async (isolation) => {
    using fixture = toolFixture({ orphans: marked('orphans=stay', { isolation, timeout: 1500 }) });
    const mark = newMark();
    expect(await toolTagOf(fixture.tools.call('orphans', JSON.stringify({ mark })))).toBe('timed-out');
    expect(running(mark)).toEqual([]);
  });

  it.each(both)('ends what still runs when the run ends (%s)', async (isolation) => {
    using fixture = toolFixture({ sleep: marked('sleep', { isolation }) });
    const mark = newMark();
    const call = fixture.tools.call('sleep', JSON.stringify({ mark }));
    expect(await until(mark, true, 5000)).toBe(true);
    await fixture.gate.close();
    expect(await call).toMatchObject({ exitCode: 137 });
    expect(running(mark)).toEqual([]);
    expect(fixture.ledger.map((line) => line.split(' ')[0])).toEqual(['started', 'ended']);
  });

  it.each(both)('does not outlive a host that is killed (%s)', async (isolation) => {
    const mark = newMark();
    const entry = fileURLToPath(new URL('killed-host.ts', import.meta.url));
    const host = spawn(process.execPath, ['--no-warnings', entry, isolation, mark], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(host.stdout, 'data'); // it says when the tool runs
    expect(running(mark).length).toBeGreaterThan(1);
    host.kill('SIGKILL');
    expect(await until(mark, false)).toBe(true);
  });

  it('says `not-started` for what cannot be started', async () => {
    using fixture = toolFixture(
      { t: probeTool([], {}, { directory: 'mount:/gone' }) },
      { mounts: () => [{ path: '/gone', directory: '/no/such/directory', access: 'ro' }] },
    );
    expect(await toolTagOf(fixture.tools.call('t', '{}'))).toBe('not-started');
    expect(fixture.runs).toEqual([]);
  });

  it.each(both)('lets a program end by itself, and says how (%s)', async (isolation) => {
    using fixture = toolFixture({
      exit: probeTool(['do:exit=7'], {}, { isolation }),
      crash: probeTool(['do:crash'], {}, { isolation }),
    });
    expect(await fixture.tools.call('exit', '{}')).toMatchObject({ exitCode: 7, truncated: false });
    expect(await fixture.tools.call('crash', '{}')).toMatchObject({ exitCode: 139 });
  });
});
