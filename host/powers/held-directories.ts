import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs';
import { FileRefusal } from './file-refusal.ts';

/** A descriptor that only names an object: it cannot be read. Linux; missing from Node's constants. */
export const O_PATH = 0x200000;
const { O_DIRECTORY, O_NOFOLLOW } = constants;

/** What a descriptor of this process leads to. `open` and the other calls resolve a name after it inside that object. */
export const descriptorPath = (descriptor: number): string => `/proc/self/fd/${descriptor}`;

/** The directories below a root, as descriptors, so that nothing that another process does to names can lead out. */
export interface HeldDirectories {
  /** The device of the root; everything below must be on it. */
  readonly device: number;
  /**
   * The directory of these names. Every name is opened relative to the one before and no link is followed. The
   * descriptor stays this object's; it holds at least until the call after the next.
   */
  hold(names: readonly string[]): number;
  close(): void;
}

const MOST_HELD = 64;

/** Holds the directories below `root`, a descriptor that was opened at the path `rootPath`. */
export function createHeldDirectories(root: number, rootPath: string): HeldDirectories {
  const device = fstatSync(root).dev;
  const held = new Map<string, number>();

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

  function walk(names: readonly string[]): number {
    let current = root;
    for (const name of names) {
      let next: number;
      try {
        next = openSync(`${descriptorPath(current)}/${name}`, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      } finally {
        if (current !== root) closeSync(current);
      }
      current = next;
      if (fstatSync(current).dev !== device) {
        closeSync(current);
        throw new FileRefusal('forbidden');
      }
    }
    return current;
  }

  return Object.freeze({
    device,
    hold(names: readonly string[]): number {
      if (names.length === 0) return root;
      const key = names.join('/');
      return stillThere(key) ?? keep(key, walk(names));
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
