import { fstatSync, type Stats } from 'node:fs';
import { descriptorPath } from './descriptor-path.ts';
import { FileRefusal } from './file-refusal.ts';
import type { HeldDirectories } from './held-directories.ts';
import type { AliasWatch, LeafName } from './name-aliases.ts';

/** A name whose directory is held. */
export interface Leaf extends LeafName {
  readonly path: string;
}

/** Names below one root, and the objects that they stand for. */
export interface TreeNames {
  /** A name in its directory, which is held once for one effect: to hold it again could close it. The root has none. */
  readonly leafOf: (names: readonly string[], onRoot: FileRefusal['failure']) => Leaf;
  /** Uses a new descriptor and closes it. Refuses what is on another file system, and aliases (CWE-178). */
  readonly using: <Value>(descriptor: number, leaf: LeafName, act: UseObject<Value>) => Value;
  /** Opens what the names stand for, no link followed, and uses it. */
  readonly opened: <Value>(
    names: readonly string[],
    onRoot: FileRefusal['failure'],
    flags: number,
    act: UseObject<Value>,
  ) => Value;
  /** The same name, its directory held only if it has to be looked at. */
  readonly nameOf: (names: readonly string[], name: string) => LeafName;
}

/** What is done with an open object. */
type UseObject<Value> = (descriptor: number, stats: Stats) => Value;

/** Another name in the directory of a leaf, or in any that is held. */
export const leafIn = (folder: string, directory: string, name: string): Leaf => ({
  directory,
  folder: () => folder,
  name,
  path: `${folder}/${name}`,
});

/** The names of the directory as one text. */
export const keyOf = (names: readonly string[]): string => (names.length < 2 ? '' : names.slice(0, -1).join('/'));

/** Reaches names over held directories. */
export function createTreeNames(directories: HeldDirectories, aliases: AliasWatch): TreeNames {
  const { device } = directories;

  function using<Value>(descriptor: number, leaf: LeafName, act: UseObject<Value>): Value {
    try {
      const stats = fstatSync(descriptor);
      if (stats.dev !== device || aliases.hasAlias(leaf, stats)) throw new FileRefusal('forbidden');
      return act(descriptor, stats);
    } finally {
      directories.release(descriptor);
    }
  }

  const nameOf = (names: readonly string[], name: string): LeafName => ({
    directory: keyOf(names),
    folder: () => descriptorPath(directories.hold(names.slice(0, -1))),
    name,
  });

  return Object.freeze({
    leafOf(names: readonly string[], onRoot: FileRefusal['failure']): Leaf {
      const name = names.at(-1);
      if (name === undefined) throw new FileRefusal(onRoot);
      return leafIn(descriptorPath(directories.hold(names.slice(0, -1))), keyOf(names), name);
    },
    using,
    opened<Value>(
      names: readonly string[],
      onRoot: FileRefusal['failure'],
      flags: number,
      act: UseObject<Value>,
    ): Value {
      const name = names.at(-1);
      if (name === undefined) throw new FileRefusal(onRoot);
      return using(directories.open(names, flags), nameOf(names, name), act);
    },
    nameOf,
  });
}
