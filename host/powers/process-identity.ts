import { readFileSync, readlinkSync } from 'node:fs';
import process from 'node:process';
import type { ProcessIdentity } from '../approval/approval-table.ts';

/**
 * Names processes by boot, name space, number and start: a number alone is soon that of another process. Elsewhere than on
 * Linux only the number is known, and a process whose number is taken counts as alive.
 */
export function createProcessIdentity(): ProcessIdentity {
  const place = placeOf();
  const own = `${place.boot} ${place.space} ${process.pid} ${startOf(process.pid) ?? '-'}`;
  return Object.freeze({
    own,
    isAlive(identity: string): boolean {
      const [boot = '', space = '', pid = '', start = ''] = identity.split(' ');
      if (boot !== place.boot) return false; // the machine was started again since
      if (space !== place.space) return true; // its numbers mean nothing here
      const number = Number(pid);
      if (!Number.isSafeInteger(number) || number <= 0) return false;
      return start === '-' ? exists(number) : startOf(number) === start;
    },
  });
}

function placeOf(): { readonly boot: string; readonly space: string } {
  try {
    return {
      boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      space: readlinkSync('/proc/self/ns/pid'),
    };
  } catch {
    return { boot: '-', space: '-' };
  }
}

/** When a process was started, in ticks since the boot: field 22 of its status (proc_pid_stat(5)). */
function startOf(pid: number): string | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, ...rest] = status.slice(status.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : rest[18]; // one that has ended and was not waited for is gone
  } catch {
    return undefined;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
