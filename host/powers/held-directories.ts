import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs';
import { descriptorPath, O_PATH } from './descriptor-path.ts';
import { FileRefusal } from './file-refusal.ts';
import type { Openat2 } from './openat2.ts';

const { O_DIRECTORY, O_NOFOLLOW } = constants;

/** The directories below a root, as descriptors, so that nothing that another process does to names can lead out. */
export interface HeldDirectories {
  /** The device of the root; everything below must be on it. */
  readonly device: number;
  /**
   * The directory of these names. Every name is opened relative to the one before and no link is followed. The
   * descriptor stays this object's; it holds at least until the call after the next.
   */
  hold(names: readonly string[]): number;
  /** A new descriptor of these names, for the caller to `release` at once; the last one is not followed either. */
  open(names: readonly string[], flags: number): number;
  release(descriptor: number): void;
  close(): void;
}

const MOST_HELD = 64;

/**
 * Holds the directories below `root`, a descriptor that was opened at the path `rootPath`. They are walked to: they stay
 * open for the run, and only descriptors that Node opened are closed with a cell that is killed. What is opened for a
 * moment is left to `openat2` where it is there, and what that does not open is walked to, so both ways answer alike.
 */
export function createHeldDirectories(
  root: number,
  rootPath: string,
  openat2: () => Openat2 | undefined,
): HeldDirectories {
  const device = fstatSync(root).dev;
  const held = new Map<string, number>();
  const foreign = new Map<number, Openat2>();

  function forget(key: string, descriptor: number): void {
    held.delete(key);
    closeSync(descriptor);
  }

  /** A held descriptor, if the directory still stands where its names say. */
  function stillThere(key: string): number | undefined {
    const descriptor = held.get(key);
    if (descriptor === undefined) return undefined;
    if (linkOf(descriptor) !== `${rootPath}/${key}`) {
      // Moved or removed since: its old names no longer decide about it (CWE-367).
      forget(key, descriptor);
      return undefined;
    }
    held.delete(key);
    held.set(key, descriptor);
    return descriptor;
  }

  function keep(key: string, descriptor: number): number {
    const [oldest] = held;
    if (held.size >= MOST_HELD && oldest !== undefined) forget(...oldest);
    held.set(key, descriptor);
    return descriptor;
  }

  function checked(descriptor: number): number {
    if (fstatSync(descriptor).dev === device) return descriptor;
    closeSync(descriptor);
    throw new FileRefusal('forbidden');
  }

  function walk(names: readonly string[]): number {
    let current = root;
    for (const name of names) {
      let next: number;
      try {
        next = openSync(`${descriptorPath(current)}/${name}`, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      } finally {
        if (current !== root) closeSync(current);
      }
      current = checked(next);
    }
    return current;
  }

  function hold(names: readonly string[]): number {
    if (names.length === 0) return root;
    const key = names.join('/');
    return stillThere(key) ?? keep(key, walk(names));
  }

  return Object.freeze({
    device,
    hold,
    open(names: readonly string[], flags: number): number {
      const kernel = openat2();
      const direct = kernel?.open(root, names.join('/'), flags | O_NOFOLLOW);
      if (kernel !== undefined && direct !== undefined) {
        foreign.set(direct, kernel);
        return direct;
      }
      const folder = descriptorPath(hold(names.slice(0, -1)));
      return openSync(`${folder}/${names.at(-1) ?? ''}`, flags | O_NOFOLLOW);
    },
    release(descriptor: number): void {
      const kernel = foreign.get(descriptor);
      foreign.delete(descriptor);
      if (kernel === undefined) closeSync(descriptor);
      else kernel.close(descriptor);
    },
    close(): void {
      for (const descriptor of held.values()) closeSync(descriptor);
      held.clear();
      closeSync(root);
    },
  });
}

function linkOf(descriptor: number): string | undefined {
  try {
    return readlinkSync(descriptorPath(descriptor));
  } catch {
    return undefined; // longer than the kernel can say: the directory is walked to again
  }
}
