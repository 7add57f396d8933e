import { readlinkSync } from 'node:fs';
import { descriptorPath } from './descriptor-path.ts';
import { errnoOf, FileRefusal } from './file-refusal.ts';
import type { HeldDirectories } from './held-directories.ts';

const MOST_LINKS = 16;
const MOST_NAMES = 64;

/**
 * Where names lead when links inside the tree are followed, as names without links. It looks and opens nothing that could
 * be read: the answer is a name to decide on, and whoever then opens it follows no link. Refuses links to the outside,
 * and all that are absolute.
 */
export function resolveLinks(
  directories: HeldDirectories,
  names: readonly string[],
  last: 'follow' | 'keep',
): readonly string[] {
  const pending = [...names].reverse();
  const found: string[] = [];
  for (let links = 0, name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      // What was found holds no link, so its parent is the name before; above the root there is none.
      if (found.pop() === undefined) throw new FileRefusal('not-a-file');
      continue;
    }
    const target = pending.length === 0 && last === 'keep' ? undefined : linkAt(directories, found, name);
    if (target === undefined) {
      found.push(name);
      continue;
    }
    links += 1;
    pending.push(...target.split('/').reverse());
    if (target.startsWith('/') || links > MOST_LINKS || pending.length + found.length > MOST_NAMES) {
      throw new FileRefusal('not-a-file');
    }
  }
  return found;
}

/** The target of a link; `undefined` for anything else. */
function linkAt(directories: HeldDirectories, folder: readonly string[], name: string): string | undefined {
  try {
    const target = readlinkSync(`${descriptorPath(directories.hold(folder))}/${name}`, { encoding: 'buffer' });
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(target);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EINVAL' || code === 'ENOENT') return undefined; // no link, or nothing
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') throw new FileRefusal('not-a-file');
    throw error;
  }
}
