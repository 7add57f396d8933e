import { readFileSync } from 'node:fs';

/** What a process uses, as the system tells it. */
export interface ProcessUsage {
  readonly cpuMs: number;
  readonly residentBytes: number;
}

/** Of `/proc/PID/stat`: fixed by the kernel's interface, whatever the kernel's own clock. */
export const MS_PER_TICK = 10;

/** Reads what a process uses; `undefined` where the system does not tell. In a sandbox, it is the last of its line. */
export function readProcessUsage(pid: number, sandboxed: boolean): ProcessUsage | undefined {
  try {
    const leaf = sandboxed ? lastChild(pid) : pid;
    const fields = readFileSync(`/proc/${leaf}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    const [user, system] = [Number(fields[11]), Number(fields[12])];
    const [, resident] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${leaf}/status`, 'latin1')) ?? [];
    return { cpuMs: (user + system) * MS_PER_TICK, residentBytes: Number(resident ?? 0) * 1024 };
  } catch {
    return undefined;
  }
}

function lastChild(pid: number): number {
  for (let leaf = pid; ;) {
    const [child] = readFileSync(`/proc/${leaf}/task/${leaf}/children`, 'latin1').split(' ');
    if (child === undefined || child === '') return leaf;
    leaf = Number(child);
  }
}
