import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import type { StdioOptions } from 'node:child_process';
import { HostError } from '../contracts/errors.ts';

/** How the first three descriptors of a child are made. */
export type Streams = readonly ('ignore' | 'pipe')[];

/** Keeps what this process itself inherited from reaching its children. */
export interface InheritedDescriptors {
  /** The descriptors of a child: the streams, and nothing that leads anywhere beyond. */
  covered(streams: Streams): StdioOptions;
  close(): void;
}

const O_CLOEXEC = 0o2000000;
const GREATEST = 4096;

/**
 * Node opens everything with close-on-exec, and marks the first descriptors that it was started with. What else a shell
 * or a supervisor left open would pass on to every child (CWE-403): in the child, such numbers lead to `/dev/null`.
 */
export function createInheritedDescriptors(): InheritedDescriptors {
  const inherited = findInherited();
  const blank = inherited.length === 0 ? undefined : openSync('/dev/null', 'r');
  return Object.freeze({
    covered(streams: Streams): StdioOptions {
      if (blank === undefined) return [...streams];
      const stdio: ('ignore' | 'pipe' | number)[] = [...streams];
      for (const descriptor of inherited) {
        while (stdio.length < descriptor) stdio.push('ignore');
        stdio[descriptor] = blank;
      }
      return stdio;
    },
    close(): void {
      if (blank !== undefined) closeSync(blank);
    },
  });
}

/** The descriptors without close-on-exec, in ascending order. */
function findInherited(): number[] {
  const found: number[] = [];
  for (const name of readdirSync('/proc/self/fdinfo')) {
    const descriptor = Number(name);
    if (descriptor <= 2 || (flagsOf(name) & O_CLOEXEC) !== 0) continue;
    if (descriptor > GREATEST) {
      throw new HostError(
        'ERR_PLATFORM',
        `this process was started with descriptor ${descriptor} open, which tools would inherit`,
      );
    }
    found.push(descriptor);
  }
  return found.sort((one, other) => one - other);
}

function flagsOf(name: string): number {
  try {
    return Number.parseInt(
      /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'utf8'))?.[1] ?? '0',
      8,
    );
  } catch {
    return O_CLOEXEC; // the descriptor of the listing itself, gone by now
  }
}
