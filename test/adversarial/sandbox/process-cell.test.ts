import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Artefact } from '../../../host/sandbox/artefact.ts';
import type { RunLimits } from '../../../host/contracts/limits.ts';
import { findBubblewrap } from '../../../host/powers/sandbox-spares.ts';
import { startCellProcess } from '../../../host/sandbox/cell-process.ts';
import { GRACE_MS, LIMITS, prepared, runCell, temporaryFolder, type CellRun } from '../../sandbox/support/cell.ts';
import { takenOver as takeOver } from '../../sandbox/support/taken-over.ts';
import { agentText, calling, componentOf } from '../../sandbox/support/wat.ts';

describe('the process of a guest that was taken over', () => {
  let honest: Artefact;
  beforeAll(async () => {
    const cache = await mkdtemp(join(tmpdir(), 'sallyport-sandbox-'));
    honest = await prepared(await componentOf(agentText(calling('ping', '(unreachable)'))), cache);
    return () => rm(cache, { recursive: true });
  });

  const takenOver = (body: string, limits: Partial<RunLimits> = {}): Promise<CellRun> => takeOver(honest, body, limits);

  const PROTOCOL = { kind: 'trap', message: expect.stringMatching(/broke the protocol/) as string };

  it('reaches the gates, and they answer (the allowed twin)', async () => {
    const { guest, messages, usage } = await takenOver(`call(1, 0); wait(); return { run: () => 'done' };`);
    expect(guest).toEqual({ kind: 'ok', output: 'done' });
    expect(messages).toEqual([{ event: 'ping' }]);
    expect(usage.hostCalls).toBe(1);
  });

  it.each([
    ['a frame of an unknown kind', 'send(9); wait();'],
    ['an empty frame', 'send(); wait();'],
    ['a frame of four thousand million bytes', 'fs.writeSync(3, Buffer.from([255, 255, 255, 255])); wait();'],
    ['a call out of order', 'call(2, 0); wait();'],
    ['the same call twice', 'call(1, 0); wait(); call(1, 0); wait();'],
    ['a call of what is not imported', 'call(1, 77); wait();'],
    ['more values than the function has', 'call(1, 0, 1, 2, 3); wait();'],
    ['an end that is no JSON', `send(4, ...u32(0), ...u32(0), ...u32(0), ...u32(1), 123); wait();`],
    [
      'an end that only a gate can make',
      `const t = [...Buffer.from('{"kind":"exit","ok":true}')]; send(4, ...u32(0), ...u32(0), ...u32(0), ...u32(t.length), ...t); wait();`,
    ],
  ])('breaks the protocol: %s', async (_, body) => {
    const { guest, closed } = await takenOver(body);
    expect(guest).toMatchObject(PROTOCOL);
    expect(closed).toBe(true);
  });

  it.each([
    ['a handle that it does not have', 'send(3, 99, 0, 0, 0); wait();', /resource handle/],
    [
      'half a frame, and the end',
      'fs.writeSync(3, Buffer.from([100, 0, 0, 0, 2])); process.exit(0);',
      /ended \(code 0\)/,
    ],
    [
      'its own end in the middle of a call',
      `call(1, 0); process.kill(process.pid, 'SIGKILL');`,
      /ended \(SIGKILL|closed its channel/,
    ],
    ['its end of the socket', 'fs.closeSync(3); for (;;);', /closed its channel/],
  ])('gives up: %s', async (_, body, message) => {
    const { guest, usage } = await takenOver(body);
    expect(guest).toMatchObject({ kind: 'trap', message: expect.stringMatching(message) as string });
    expect(usage.wallMs).toBeLessThan(LIMITS.wallMs / 2);
  });

  it('is silent, and ends at the wall clock', async () => {
    const { guest, usage } = await takenOver('wait();', { wallMs: 1500 });
    expect(guest).toMatchObject({ kind: 'limit', limit: 'wallMs' });
    expect(usage.wallMs).toBeLessThan(1500 + GRACE_MS);
  });

  it('floods the broker and reads no answer, and ends at the number of calls', async () => {
    const { guest, usage, messages } = await takenOver('for (let id = 1; ; id++) call(id, 0);', { hostCalls: 50 });
    expect(guest).toMatchObject({ kind: 'limit', limit: 'hostCalls' });
    expect(usage.hostCalls).toBe(51);
    expect(messages).toHaveLength(50);
  });

  it('fills its heap, and ends at the limit of its heap', async () => {
    const { guest } = await takenOver('const kept = []; for (;;) kept.push(new Array(1000).fill(kept.length));');
    expect(guest).toMatchObject({ kind: 'limit', limit: 'heapBytes' });
  }, 30_000);

  it('takes memory outside its heap, and ends at the limit of its heap', async () => {
    const { guest } = await takenOver('const kept = []; for (;;) kept.push(Buffer.alloc(1 << 20, 1));', {
      wallMs: 15_000,
    });
    expect(guest).toMatchObject({ kind: 'limit', limit: 'heapBytes' });
  }, 30_000);

  it('finds nothing but the gates', async () => {
    const { guest } = await takenOver(`
      const tries = {
        read: () => fs.readFileSync('/etc/passwd'),
        list: () => fs.readdirSync('/'),
        write: () => fs.writeFileSync('/tmp/taken-over', ''),
        spawn: () => { const { error } = process.getBuiltinModule('node:child_process').spawnSync('/bin/true'); if (error) throw error; },
        worker: () => new (process.getBuiltinModule('node:worker_threads').Worker)('', { eval: true }),
        sqlite: () => { if (!process.getBuiltinModule('node:sqlite')) throw new Error('none'); },
        addon: () => process.dlopen({ exports: {} }, '/tmp/nothing.node'),
        code: () => Reflect.construct(Function, ['return 1']),
        environment: () => { if (Object.keys(process.env).length === 0) throw new Error('none'); },
      };
      const open = Object.keys(tries).filter((name) => { try { tries[name](); return true; } catch { return false; } });
      return { run: () => open.join(' ') };`);
    expect(guest).toEqual({ kind: 'ok', output: '' });
  });

  it('cannot load anything, not even what Node brings', async () => {
    const { guest } = await takenOver(`return { run: () => import('node:fs').then(() => 'open', () => 'denied') };`);
    expect(guest).toEqual({ kind: 'ok', output: 'denied' });
  });
});

describe('processes of guests', () => {
  it('leave nothing behind after fifty runs: no descriptor, no process, no thread', async () => {
    const agent = await prepared(await componentOf(agentText()), await temporaryFolder());
    const held = () => ({
      descriptors: readdirSync('/proc/self/fd').length,
      threads: readdirSync('/proc/self/task').length,
      children: readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8'),
    });
    await runCell(agent, { cell: 'process' });
    const before = held();
    for (let run = 0; run < 50; run++) expect((await runCell(agent, { cell: 'process' })).guest.kind).toBe('ok');
    const after = held();
    expect(after.children).toBe(before.children);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 2);
    expect(after.threads).toBeLessThanOrEqual(before.threads + 2);
  }, 120_000);

  it.skipIf(findBubblewrap() === undefined)('run, and are killed, in namespaces of their own', async () => {
    const agent = await prepared(
      await componentOf(agentText({ fields: '', run: '(loop $spin (br $spin)) (unreachable)' })),
      await temporaryFolder(),
    );
    const echo = await prepared(await componentOf(agentText()), await temporaryFolder());
    const bubblewrap = findBubblewrap() ?? '';
    const ok = await runCell(echo, { input: 'hello', process: startCellProcess({ limits: LIMITS, bubblewrap }) });
    expect(ok.guest).toEqual({ kind: 'ok', output: 'hello' });
    const spun = await runCell(agent, {
      limits: { cpuMs: 300 },
      process: startCellProcess({ limits: LIMITS, bubblewrap }),
    });
    expect(spun.guest).toMatchObject({ kind: 'limit', limit: 'cpuMs' });
    expect(spun.usage.cpuMs).toBeLessThan(300 + GRACE_MS);
  });
});
