import { readFileSync } from 'node:fs';
import { HostError } from '../contracts/errors.ts';
import type { ProcessLedger } from '../contracts/powers.ts';

/** The most child processes that one cell may have at a time. */
const SLOTS = 256;

export const createLedgerMemory = (): SharedArrayBuffer => new SharedArrayBuffer(SLOTS * Int32Array.BYTES_PER_ELEMENT);

/** The cell's side: notes children in memory that the supervisor can read after it has ended the cell. */
export function createProcessLedger(memory: SharedArrayBuffer): ProcessLedger {
  const slots = new Int32Array(memory);
  return Object.freeze({
    started(pid: number): void {
      if (!isLeader(pid)) throw new HostError('ERR_INTERNAL', 'not the id of a process group');
      for (let slot = 0; slot < SLOTS; slot++) if (Atomics.compareExchange(slots, slot, 0, pid) === 0) return;
      throw new HostError('ERR_INTERNAL', `a cell may have ${SLOTS} child processes at a time`);
    },
    ended(pid: number): void {
      if (pid === 0) return;
      for (let slot = 0; slot < SLOTS; slot++) if (Atomics.compareExchange(slots, slot, pid, 0) === pid) return;
    },
  });
}

/** The supervisor's side: kills every process group that is still noted. Returns how many there were. */
export function killNoted(memory: SharedArrayBuffer): number {
  const slots = new Int32Array(memory);
  let killed = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    const pid = Atomics.exchange(slots, slot, 0);
    if (!isLeader(pid) || !mayBeOurs(pid)) continue;
    try {
      process.kill(-pid, 'SIGKILL');
      killed++;
    } catch {
      // ESRCH: the group is gone already, which is what was wanted
    }
  }
  return killed;
}

const isLeader = (pid: number): boolean => Number.isInteger(pid) && pid > 1 && pid !== process.pid;

/** The shared memory can be written by the cell, and process ids come round again: a live leader must be our child. */
function mayBeOurs(pid: number): boolean {
  try {
    const [, parent] = /^\d+ \(.*\) \S (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return parent === undefined || Number(parent) === process.pid;
  } catch {
    return true; // no such process (its group may live on), or no /proc on this system
  }
}
