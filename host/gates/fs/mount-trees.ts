import type { FsConfig, FsMount } from './config.ts';
import type { FileTree, MountFiles } from './files.ts';
import type { Place } from './request.ts';

/** The trees of all mounts, held for the run. */
export interface MountTrees {
  /** The tree of a place, or why nothing can be done there. */
  reach(place: Place, change: boolean): Reached | { readonly missing: 'not-found' | 'read-only' };
  /** Closes every descriptor. */
  close(): void;
}

/** A place whose tree is at hand. */
export interface Reached {
  readonly tree: FileTree;
  readonly mount: FsMount;
  readonly names: readonly string[];
}

/** Opens the directories of all mounts. Throws, with none left open, if one cannot be held. */
export function openMountTrees(config: FsConfig, files: MountFiles): MountTrees {
  const trees = new Map<FsMount, FileTree>();
  const close = (): void => {
    for (const tree of trees.values()) tree.close();
    trees.clear();
  };
  try {
    for (const mount of config.mounts) trees.set(mount, files.open(mount.directory, mount));
  } catch (error) {
    close();
    throw error;
  }
  return Object.freeze({
    reach({ mount, names }: Place, change: boolean): Reached | { readonly missing: 'not-found' | 'read-only' } {
      const tree = mount && trees.get(mount);
      if (mount === undefined || tree === undefined) return { missing: 'not-found' };
      if (change && mount.access === 'ro') return { missing: 'read-only' };
      return { tree, mount, names };
    },
    close,
  });
}
