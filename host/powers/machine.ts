import { readFileSync, readlinkSync } from 'node:fs';
import { uptime } from 'node:os';
import process, { hrtime } from 'node:process';
import type { MachineClock, MachineTime } from '../budget/budget-time.ts';
import type { Owner, Owners } from '../budget/counter-file.ts';

/** A file of `/proc`; nothing where there is none. */
function proc(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return '';
  }
}

const bootId = (): string => proc(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
const namespace = (name: string): string => proc(() => readlinkSync(`/proc/self/ns/${name}`));

/** When a process was started, in ticks since the start of the machine: field 22 of proc(5)'s `stat`, behind the name. */
function startOf(pid: number): string {
  const stat = proc(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** The clocks of this machine that all its processes share. Containers may have a monotonic clock of their own. */
export function createMachineClock(): MachineClock {
  const boot = `${bootId()} ${namespace('time')}`;
  return Object.freeze({
    now(): MachineTime {
      const [seconds, nanoseconds] = hrtime();
      return { boot, monotonicMs: seconds * 1e3 + nanoseconds / 1e6, uptimeMs: uptime() * 1e3, wallMs: Date.now() };
    },
  });
}

/** The processes of this machine. One whose number means nothing here counts as alive: nobody can tell. */
export function createOwners(): Owners {
  const boot = bootId();
  const space = `${boot} ${namespace('pid')}`;
  const own: Owner = { pid: process.pid, started: startOf(process.pid), space };
  return Object.freeze({
    own,
    isAlive({ pid, started, space: theirs }: Owner): boolean {
      if (theirs !== space) return boot !== '' && theirs.startsWith(`${boot} `);
      const found = startOf(pid);
      if (found !== '') return found === started;
      try {
        process.kill(pid, 0); // no signal: asks whether there is such a process
        return true;
      } catch (error) {
        return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
      }
    },
  });
}
