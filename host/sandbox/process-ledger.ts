import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HostError } from '../contracts/errors.ts';
import type { ProcessLedger } from '../contracts/powers.ts';

/** The most child processes that one cell may have at a time. */
const SLOTS = 256;
/** How long guards have. */
const GUARD_MS = 500;
const GUARD_STEP_MS = 2;

export const createLedgerMemory = (): SharedArrayBuffer => new SharedArrayBuffer(SLOTS * Int32Array.BYTES_PER_ELEMENT);

/** The cell's side: notes children in memory that the supervisor can read after it has ended the cell. */
export function createProcessLedger(memory: SharedArrayBuffer): ProcessLedger {
  const slots = new Int32Array(memory);
  return Object.freeze({
    started(pid: number, kind?: 'guard'): void {
      if (!isLeader(pid)) throw new HostError('ERR_INTERNAL', 'not the id of a process group');
      const entry = kind === 'guard' ? -pid : pid;
      for (let slot = 0; slot < SLOTS; slot++) if (Atomics.compareExchange(slots, slot, 0, entry) === 0) return;
      throw new HostError('ERR_INTERNAL', `a cell may have ${SLOTS} child processes at a time`);
    },
    ended(pid: number): void {
      if (pid === 0) return;
      for (const entry of [pid, -pid])
        for (let slot = 0; slot < SLOTS; slot++) if (Atomics.compareExchange(slots, slot, entry, 0) === entry) return;
    },
  });
}

/** The supervisor's side: kills every process group that is still noted, but guards. Returns how many there were. */
export function killNoted(memory: SharedArrayBuffer): number {
  const slots = new Int32Array(memory);
  let killed = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    const pid = Atomics.load(slots, slot);
    if (pid <= 0 || Atomics.compareExchange(slots, slot, pid, 0) !== pid) continue;
    if (isLeader(pid) && killGroup(pid)) killed++;
  }
  return killed;
}

/**
 * When the cell is gone: gives the guards a moment, to end what they have started and nobody else knows, before they are
 * killed as well. Resolves to how many had to be.
 */
export async function endGuards(memory: SharedArrayBuffer): Promise<number> {
  const slots = new Int32Array(memory);
  const guards = Array.from({ length: SLOTS }, (_, slot) => -Atomics.exchange(slots, slot, 0)).filter(isLeader);
  const deadline = performance.now() + GUARD_MS;
  let killed = 0;
  for (const guard of guards) {
    while (isRunning(guard) && performance.now() < deadline) await sleep(GUARD_STEP_MS);
    if (isRunning(guard) && killGroup(guard)) killed++;
  }
  return killed;
}

function killGroup(pid: number): boolean {
  if (!mayBeOurs(pid)) return false;
  try {
    process.kill(-pid, 'SIGKILL');
    return true;
  } catch {
    return false; // ESRCH: the group is gone already, which is what was wanted
  }
}

/** Whether a child still does something. One that has ended may be left over: its parent thread is gone. */
function isRunning(pid: number): boolean {
  try {
    const [, state, parent] = /^\d+ \(.*\) (\S) (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return state !== 'Z' && state !== 'X' && Number(parent) === process.pid;
  } catch {
    return false;
  }
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
