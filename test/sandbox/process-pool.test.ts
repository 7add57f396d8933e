import { hash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { HostError } from '../../host/contracts/errors.ts';
import type { RunLimits } from '../../host/contracts/limits.ts';
import type { Artefact } from '../../host/sandbox/artefact.ts';
import { createCellPool, type CellPool, type PoolOpening } from '../../host/sandbox/cell-pool.ts';
import { startCellProcess, type CellProcess } from '../../host/sandbox/cell-process.ts';
import { createModuleStore } from '../../host/sandbox/module-store.ts';
import type { WarmCell } from '../../host/sandbox/warm-cell.ts';
import { ENTRY, LIMITS, prepared, runCell, temporaryFolder, type CellRun } from './support/cell.ts';
import { agentText, calling, componentOf, ECHO } from './support/wat.ts';

let component: Uint8Array;
beforeAll(async () => {
  component = await componentOf(agentText());
});

const pools: CellPool[] = [];
const started: CellProcess[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
  for (const process of started.splice(0)) await process.close();
});

const children = (): string[] =>
  readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean);

function openingOf(artefact: Artefact, changed: Partial<RunLimits> = {}): PoolOpening {
  const limits = { ...LIMITS, ...changed };
  return {
    data: { closing: 0, ahead: true },
    ...{ artefact, limits, modules: createModuleStore() },
    async startProcess() {
      const process = startCellProcess({ limits });
      started.push(process);
      return Promise.resolve(process);
    },
  };
}

function poolOf(): CellPool {
  const pool = createCellPool({ entry: ENTRY });
  pools.push(pool);
  return pool;
}

async function poolFor(artefact: Artefact, count = 1): Promise<CellPool> {
  const pool = poolOf();
  expect(await pool.keep('a', openingOf(artefact), count)).toBe(count);
  return pool;
}

const runWarm = (artefact: Artefact, warm: WarmCell, input = 'there'): Promise<CellRun> =>
  runCell(artefact, { warm, process: 'warm', input });

describe('a pool of cells whose guests live in processes', () => {
  it('keeps as many ready as it was asked for, and gives each to one run', async () => {
    const artefact = await prepared(component, await temporaryFolder());
    const pool = await poolFor(artefact, 2);
    const [first, second] = [pool.take('a'), pool.take('a')];
    expect(second).not.toBe(first);
    for (const warm of [first, second]) {
      const { guest, usage } = await runWarm(artefact, warm!);
      expect(guest).toEqual({ kind: 'ok', output: 'there' });
      expect(usage.peakLinearMemoryBytes).toBeGreaterThan(0);
      expect(warm!.isThere()).toBe(false);
      expect(warm!.take(LIMITS)).toBeUndefined();
    }
  });

  it('runs no guest in the cell itself where its process was used before', async () => {
    const artefact = await prepared(component, await temporaryFolder());
    const warm = (await poolFor(artefact)).take('a')!;
    await runWarm(artefact, warm);
    const { guest, messages } = await runWarm(artefact, warm);
    expect(guest).toMatchObject({ kind: 'fault', message: expect.stringMatching(/is gone/) as string });
    expect(messages).toEqual([]);
  });

  it('lets no guest call the host before there is a run: its instance is made again', async () => {
    const text = calling('ping', ECHO);
    const fields = '(func $begin (call $call (i32.const 512))) (start $begin)';
    const artefact = await prepared(await componentOf(agentText({ ...text, fields })), await temporaryFolder());
    const { guest, usage, messages } = await runWarm(artefact, (await poolFor(artefact)).take('a')!);
    expect(guest).toEqual({ kind: 'ok', output: 'there' });
    expect(usage.hostCalls).toBe(1);
    expect(messages).toEqual([{ event: 'ping' }]);
  });

  it('gives no cell whose process died while it waited, and replaces it', async () => {
    const artefact = await prepared(component, await temporaryFolder());
    const pool = await poolFor(artefact);
    started[0]?.kill();
    await started[0]?.gone;
    expect(pool.take('a')).toBeUndefined();
    await expect.poll(() => pool.take('a'), { timeout: 20_000, interval: 50 }).toSatisfy((warm) => warm !== undefined);
    expect(started).toHaveLength(2);
  });

  it('charges no run for the time before it', async () => {
    const fields = `(func $begin (local $i i32)
      (loop $spin (br_if $spin (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000000000)))))
      (start $begin)`;
    const artefact = await prepared(await componentOf(agentText({ fields, run: ECHO })), await temporaryFolder());
    const { guest, usage } = await runWarm(artefact, (await poolFor(artefact)).take('a')!);
    expect(guest.kind).toBe('ok');
    const { usage: alone } = await runCell(artefact, { cell: 'process' });
    expect(usage.cpuMs).toBeLessThan(alone.cpuMs / 2);
  });

  it('leaves nothing behind when it is closed: no process, no descriptor', async () => {
    const artefact = await prepared(component, await temporaryFolder());
    const [before, descriptors] = [children(), readdirSync('/proc/self/fd').length];
    const pool = await poolFor(artefact, 3);
    expect(children()).toHaveLength(before.length + 3);
    await pool.close();
    await vi.waitFor(() => expect(children()).toEqual(before), { timeout: 5000 });
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(descriptors + 2);
  });

  it('ends a process that was still being started when it was closed', async () => {
    const artefact = await prepared(component, await temporaryFolder());
    const pool = poolOf();
    const gate = Promise.withResolvers<undefined>();
    const { startProcess, ...opening } = openingOf(artefact);
    const late = async (): Promise<CellProcess> => {
      await gate.promise;
      return startProcess!();
    };
    const kept = pool.keep('a', { ...opening, startProcess: late }, 1);
    const closed = pool.close();
    gate.resolve(undefined);
    await closed;
    expect(await kept).toBe(0);
    expect((await started[0]?.gone)?.kind).toBe('trap');
  });

  it('says why no process can be started', async () => {
    const artefact = await prepared(component, await temporaryFolder());
    const failing = () => Promise.reject(new HostError('ERR_PLATFORM', 'no fence'));
    const kept = poolOf().keep('a', { ...openingOf(artefact), startProcess: failing }, 1);
    await expect(kept).rejects.toMatchObject({ code: 'ERR_PLATFORM' });
  });
});

/** What the texts below have at hand: the process with all that Node gives it, and its socket. */
const AT_HAND = `
  const fs = process.getBuiltinModule('node:fs');
  const u32 = (n) => [n & 255, (n >> 8) & 255, (n >> 16) & 255, n >>> 24];
  const send = (...bytes) => fs.writeSync(3, Buffer.from([...u32(bytes.length), ...bytes]));
  const call = (id, index) => send(2, ...u32(id), index, 0, 0, 0, 0, 0);
  const wait = () => { const b = Buffer.alloc(65536); return b.subarray(0, fs.readSync(3, b)); };
  const text = (t) => [...u32(t.length), ...Buffer.from(t)];
  const start = (token) => send(1, ...text(token), 0, 0, 0, 0, 0, 0, 0, 0);
  const ready = () => send(5);
  const end = () => send(4, ...u32(0), ...u32(0), ...u32(0), ...text('{"kind":"ok","output":"taken over"}'));
`;

describe('a process that was taken over while it waited', () => {
  /** Runs a text in the place of the generated code, when the instance is made. */
  async function takenOver(body: string): Promise<Artefact> {
    const text = agentText(calling('ping', '(unreachable)'));
    const honest = await prepared(await componentOf(text), await temporaryFolder());
    const directory = await temporaryFolder();
    const glue = `${AT_HAND} export function instantiate() { ${body} }`;
    writeFileSync(join(directory, 'component.js'), glue);
    return { ...honest, directory, glueSha256: hash('sha256', glue, 'hex'), modules: [] };
  }

  it('serves its run if it keeps to the protocol (the allowed twin)', async () => {
    const artefact = await takenOver(
      `ready(); const order = wait(); start(order.subarray(9, 41).toString()); call(1, 0); wait(); end(); wait();`,
    );
    const { guest, messages } = await runWarm(artefact, (await poolFor(artefact)).take('a')!);
    expect(guest).toEqual({ kind: 'ok', output: 'taken over' });
    expect(messages).toEqual([{ event: 'ping' }]);
  });

  it.each([
    ['calls before its seat', 'ready(); call(1, 0); wait(); wait();'],
    ['starts before its seat', `ready(); start('0'.repeat(32)); call(1, 0); wait(); wait();`],
    ['ends before its seat', 'ready(); end(); wait(); wait();'],
    ['calls when its run is there, but never started', 'ready(); wait(); call(1, 0); wait();'],
    [
      'starts twice',
      `ready(); const order = wait(); const token = order.subarray(9, 41).toString(); start(token); start(token); wait();`,
    ],
  ])('ends its run, and reaches no gate: %s', async (_, body) => {
    const artefact = await takenOver(body);
    const { guest, messages } = await runWarm(artefact, (await poolFor(artefact)).take('a')!);
    expect(guest).toMatchObject({ kind: 'trap', message: expect.stringMatching(/broke the protocol/) as string });
    expect(messages).toEqual([]);
  });

  it.each([
    ['a call in the place of it', 'call(1, 0); wait();'],
    ['an end in the place of it', 'end(); wait();'],
    ['a frame of four thousand million bytes', 'fs.writeSync(3, Buffer.from([255, 255, 255, 255])); wait();'],
    ['nothing, and its end', 'process.exit(0);'],
  ])('is not kept without its word that it is ready: %s', async (_, body) => {
    const pool = poolOf();
    expect(await pool.keep('a', openingOf(await takenOver(body)), 1)).toBe(0);
    expect(pool.take('a')).toBeUndefined();
    expect((await started[0]?.gone)?.kind).toBe('trap');
  });

  it('is ended for the memory that it takes while nobody needs it', async () => {
    const body =
      'ready(); const kept = []; for (;;) { kept.push(Buffer.alloc(1 << 20, 1)); if (kept.length > 900) wait(); }';
    const pool = poolOf();
    await pool.keep('a', openingOf(await takenOver(body)), 1);
    expect((await started[0]?.gone)?.kind).toBe('trap');
    expect(pool.take('a')).toBeUndefined();
  }, 30_000);

  it('cannot hide its CPU time behind a long start', async () => {
    const artefact = await takenOver(`ready(); const order = wait();
      send(1, ...text(order.subarray(9, 41).toString()), ...Buffer.from(new Float64Array([1e9]).buffer)); for (;;);`);
    const pool = poolOf();
    await pool.keep('a', openingOf(artefact, { cpuMs: 300 }), 1);
    const { guest, usage } = await runCell(artefact, {
      ...{ warm: pool.take('a')!, process: 'warm', limits: { cpuMs: 300 } },
    });
    expect(guest).toMatchObject({ kind: 'limit', limit: 'cpuMs' });
    expect(usage.cpuMs).toBeLessThan(LIMITS.cpuMs / 2);
  });
});
