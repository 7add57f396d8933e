import { readdirSync, readFileSync } from 'node:fs';

/** What a process and all that descend from it have at the moment. */
export interface TreeUsage {
  readonly processes: number;
  readonly residentBytes: number;
}

const PAGE_BYTES = 4096;
const MOST_WALKED = 4096;

/** The children of a process; none if it is gone. */
export function childrenOf(pid: number): number[] {
  try {
    // Every thread has children of its own.
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => numbersOf(`/proc/${pid}/task/${thread}/children`));
  } catch {
    return [];
  }
}

/** The children of this process's first thread, to which orphans are given. */
export const ownChildren = (): number[] => numbersOf(`/proc/self/task/${process.pid}/children`);

function numbersOf(path: string): number[] {
  try {
    return readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return []; // the thread has just ended
  }
}

/** Whether this kernel tells the children of a process. */
export function knowsChildren(): boolean {
  try {
    readFileSync(`/proc/self/task/${process.pid}/children`);
    return true;
  } catch {
    return false;
  }
}

/** Counts processes and resident memory below some roots, the roots included. */
export function treeUsage(roots: readonly number[]): TreeUsage {
  const seen = new Set<number>();
  const open = [...roots];
  let residentBytes = 0;
  for (let pid = open.pop(); pid !== undefined && seen.size < MOST_WALKED; pid = open.pop()) {
    if (seen.has(pid)) continue;
    seen.add(pid);
    residentBytes += residentOf(pid);
    open.push(...childrenOf(pid));
  }
  return { processes: seen.size, residentBytes };
}

function residentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1] ?? 0) * PAGE_BYTES;
  } catch {
    return 0;
  }
}

/** Kills a process and its group. They may be gone already. */
export function killGroup(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // ESRCH: nothing of it is left
    }
  }
}
