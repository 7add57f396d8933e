import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createLedgerMemory, createProcessLedger, endGuards, killNoted } from '../../host/sandbox/process-ledger.ts';

describe('the ledger of child processes', () => {
  it('lets the supervisor kill the whole group of what is still noted', async () => {
    const memory = createLedgerMemory();
    const child = spawn('/bin/sh', ['-c', 'sleep 60 & sleep 60'], { detached: true, stdio: 'ignore' });
    createProcessLedger(memory).started(child.pid ?? 0);
    const ended = once(child, 'exit');
    expect(killNoted(memory)).toBe(1);
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(killNoted(memory)).toBe(0);
  });

  it('leaves alone what has ended, and what is not a child of this process', () => {
    const memory = createLedgerMemory();
    const ledger = createProcessLedger(memory);
    ledger.started(4_194_000);
    ledger.ended(4_194_000);
    ledger.started(process.ppid);
    expect(killNoted(memory)).toBe(0);
  });

  it('gives a guard a moment to end by itself, and then kills it', async () => {
    const memory = createLedgerMemory();
    const ledger = createProcessLedger(memory);
    const prompt = spawn('/bin/sleep', ['0.1'], { detached: true, stdio: 'ignore' });
    const stuck = spawn('/bin/sleep', ['60'], { detached: true, stdio: 'ignore' });
    const ends = [once(prompt, 'exit'), once(stuck, 'exit')];
    for (const { pid } of [prompt, stuck]) ledger.started(pid ?? 0, 'guard');
    expect(killNoted(memory)).toBe(0);
    expect(await endGuards(memory)).toBe(1);
    expect(await Promise.all(ends)).toEqual([
      [0, null],
      [null, 'SIGKILL'],
    ]);
    expect(await endGuards(memory)).toBe(0);
  });

  it('forgets a guard that has ended', async () => {
    const memory = createLedgerMemory();
    const ledger = createProcessLedger(memory);
    ledger.started(4_194_000, 'guard');
    ledger.ended(4_194_000);
    expect([...new Int32Array(memory)].every((entry) => entry === 0)).toBe(true);
    expect(await endGuards(memory)).toBe(0);
  });

  it.each([0, 1, -1, 1.5, process.pid])('takes no %d for a process group', (pid) => {
    expect(() => {
      createProcessLedger(createLedgerMemory()).started(pid);
    }).toThrow(expect.objectContaining({ code: 'ERR_INTERNAL' }));
  });

  it('refuses more children than it can note', () => {
    const ledger = createProcessLedger(createLedgerMemory());
    for (let pid = 1000; pid < 1256; pid++) ledger.started(pid);
    expect(() => {
      ledger.started(2000);
    }).toThrow(/child processes at a time/);
    ledger.ended(1100);
    ledger.started(2000);
  });
});
