import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Artefact } from '../../host/sandbox/artefact.ts';
import { guest } from '../support/guests.ts';
import { createModuleStore } from '../../host/sandbox/module-store.ts';
import { startThreadCell } from '../../host/sandbox/thread-cell.ts';
import { bedOf, CELLS, GRACE_MS, LIMITS, sharedCells, temporaryFolder } from './support/cell.ts';
import { agentText, calling, componentOf } from './support/wat.ts';

/** Reads the answer of the probe (7) and returns it as the length of a text. */
const CALL_AND_ANSWER = `
  (call $call (i32.const 64))
  (i32.store8 (i32.const 16) (i32.load8_u (i32.const 64)))
  (i32.store (i32.const 20) (i32.const 512))
  (i32.store (i32.const 24) (i32.load (i32.const 68)))
  (i32.const 16)`;

/** The processes of a group that are not just waiting for somebody to ask how they ended. */
function aliveInGroup(group: number): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const [, state, ofGroup] = /^\d+ \(.*\) (\S) \d+ (\d+) /s.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
      return Number(ofGroup) === group && state !== 'Z';
    } catch {
      return false;
    }
  });
}

describe.each(CELLS)('a %s cell', (cell) => {
  const { prepared, runCell } = bedOf(cell);
  const probing = async (name: string, run = CALL_AND_ANSWER): Promise<Artefact> =>
    prepared(await componentOf(agentText(calling(name, run))), await temporaryFolder());
  let agent: Artefact;
  let cache: string;
  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), 'sallyport-sandbox-'));
    agent = await prepared(await readFile(await guest('hostile/exhaustion', 'js')), cache);
    return () => rm(cache, { recursive: true });
  });

  it('runs an agent once and says what it used', async () => {
    const end = await runCell(agent, { input: 'call' });
    expect(end.guest).toEqual({ kind: 'ok', output: 'called' });
    expect(end.messages).toEqual([{ event: 'log', value: ['info', 8] }]);
    expect(end.closed).toBe(true);
    expect(end.usage.hostCalls).toBe(1);
    expect(end.usage.peakLinearMemoryBytes).toBeGreaterThan(1_000_000);
    expect(end.usage.peakLinearMemoryBytes).toBeLessThan(8_000_000);
    expect(end.usage.cpuMs).toBeGreaterThan(0);
    expect(end.usage.wallMs).toBeGreaterThan(end.usage.cpuMs / 2);
  });

  it('tells an error of the agent from a trap', async () => {
    expect((await runCell(agent, { input: 'refuse' })).guest).toEqual({
      kind: 'agent-error',
      message: 'refused by the agent',
    });
    expect((await runCell(agent, { input: 'throw' })).guest).toEqual({
      kind: 'agent-error',
      message: 'thrown by the agent',
    });
    const trap = await prepared(await componentOf(agentText({ run: '(unreachable)' })), cache);
    expect((await runCell(trap)).guest).toMatchObject({
      kind: 'trap',
      message: expect.stringMatching(/unreachable/) as string,
    });
  });

  it('takes a text that is not UTF-8 and a result outside memory for traps', async () => {
    const wild = `(i32.store8 (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (i32.const 0x7fffffff))
      (i32.store (i32.const 24) (i32.const 64)) (i32.const 16)`;
    const outside = await prepared(await componentOf(agentText({ run: wild })), cache);
    expect((await runCell(outside)).guest.kind).toBe('trap');
  });

  it.each([
    ['slow', { kind: 'ok', output: '\0'.repeat(7) }],
    ['ping', { kind: 'ok', output: '\0'.repeat(7) }],
    ['fail', { kind: 'agent-error' }],
  ])('gives the guest what a gate answers, at once or later: %s', async (name, end) => {
    expect((await runCell(await probing(name))).guest).toMatchObject(end);
  });

  it('ends the run as a fault when a gate throws anything else, and keeps the text from the guest', async () => {
    const { guest: end } = await runCell(await probing('crash'));
    expect(end).toEqual({
      kind: 'fault',
      message: '`test:host/probe#crash` failed: Error: secret of the host in /etc/passwd',
    });
  });

  it('ends the run as a fault when a gate answers late that must answer at once', async () => {
    const { guest: end } = await runCell(await probing('late'));
    expect(end).toEqual({
      kind: 'fault',
      message: '`test:host/probe#late` answers later, but is declared to answer at once',
    });
  });

  it('ends as the gate says when it stops the run', async () => {
    const end = await runCell(await probing('exit'));
    expect(end.guest).toMatchObject({ kind: 'exit', code: 1 });
    expect(end.closed).toBe(true);
  });

  it('ends a waiting run at the wall clock, and lets it close its gates', async () => {
    const forever = await probing('slow', `(loop $again (call $call (i32.const 64)) (br $again)) (unreachable)`);
    const end = await runCell(forever, { limits: { wallMs: 1500 } });
    expect(end.guest).toEqual({ kind: 'limit', limit: 'wallMs', message: 'the run took longer than 1500 ms' });
    expect(end.closed).toBe(true);
    expect(end.usage.wallMs).toBeLessThan(1500 + GRACE_MS);
  });

  it('kills a cell that does not close in time', async () => {
    const end = await runCell(agent, { input: 'call', closeMs: 200, closing: 60_000 });
    expect(end.guest.kind).toBe('ok');
    expect(end.closed).toBe(false);
  }, 20_000);

  it('cancels', async () => {
    const abort = new AbortController();
    const end = runCell(agent, { input: 'spin', signal: abort.signal });
    await sleep(300);
    const started = performance.now();
    abort.abort();
    expect((await end).guest).toEqual({ kind: 'cancelled' });
    expect(performance.now() - started).toBeLessThan(GRACE_MS);
    expect((await runCell(agent, { signal: AbortSignal.abort() })).guest).toEqual({ kind: 'cancelled' });
  });

  it('kills every process that the cell has noted, and its children', async () => {
    const end = await runCell(
      await probing('spawn', `(call $call (i32.const 64)) (loop $spin (br $spin)) (unreachable)`),
      { limits: { cpuMs: 300 } },
    );
    const pid = end.messages.find(({ event }) => event === 'pid')?.value;
    expect(end.killedProcesses).toBe(1);
    await sleep(50);
    expect(aliveInGroup(Number(pid))).toEqual([]);
  });

  it('ends at the limit of the heap of its cell', async () => {
    const heapBytes = 48 * 1_048_576;
    // A shared thread has one heap, whatever the limit of a run says.
    const warm = cell === 'shared' ? { warm: sharedCells(heapBytes).place() } : {};
    const end = await runCell(await probing('heap'), { limits: { heapBytes }, ...warm });
    expect(end.guest).toMatchObject({ kind: 'limit', limit: 'heapBytes' });
  });

  it('reports a cell that cannot even start as a fault', async () => {
    const { end } = startThreadCell({
      entry: new URL('file:///nowhere.js'),
      data: 0,
      artefact: agent,
      modules: createModuleStore(),
      limits: LIMITS,
    });
    expect((await end).guest).toMatchObject({
      kind: 'fault',
      message: expect.stringMatching(/^the cell failed: /) as string,
    });
  });
});
