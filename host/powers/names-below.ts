import type { Stats } from 'node:fs';
import type { FileListing, ListOptions } from '../gates/fs/files.ts';
import { O_PATH } from './descriptor-path.ts';
import { PosixRefusal } from './posix-refusal.ts';
import type { TreeNames } from './tree-names.ts';

export interface BelowParts {
  readonly tree: TreeNames;
  readonly list: (names: readonly string[], options: ListOptions) => FileListing;
}

/** Every name below a directory, each before those below it; refuses what could not be decided name by name. */
export function namesBelow(
  names: readonly string[],
  { most, accept }: Pick<ListOptions, 'most' | 'accept'>,
  { tree, list }: BelowParts,
): readonly string[] {
  const found: string[] = [];

  function visit(folder: readonly string[]): void {
    const { entries, more, skipped } = list([...names, ...folder], { after: undefined, most, accept });
    if (more) throw new PosixRefusal('cross-device');
    // A name that nobody can ask for is a name that nobody can decide on.
    if (skipped > 0) throw new PosixRefusal('forbidden');
    for (const { name } of entries) {
      const below = [...folder, name];
      if (found.push(below.join('/')) > most) throw new PosixRefusal('cross-device');
      const stats = tree.opened([...names, ...below], 'forbidden', O_PATH, (_, facts) => facts);
      checkTaken(stats);
      if (stats.isDirectory()) visit(below);
    }
  }

  visit([]);
  return found;
}

function checkTaken(stats: Stats): void {
  if (stats.isDirectory()) return;
  // From another place, a relative link leads elsewhere.
  if (stats.isSymbolicLink()) throw new PosixRefusal('cross-device');
  if (!stats.isFile()) throw new PosixRefusal('not-permitted');
  // CWE-62: another name of the same file may lie where this agent has no right.
  if (stats.nlink > 1) throw new PosixRefusal('forbidden');
}
