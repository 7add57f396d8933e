import { lstatSync, type Stats } from 'node:fs';
import { errnoOf } from './file-refusal.ts';

/** Facts of what a path leads to, links not followed; `undefined` for nothing. */
export type LookUp = (path: string) => Pick<Stats, 'dev' | 'ino' | 'nlink' | 'isDirectory'> | undefined;

export const lookUp: LookUp = (path) => {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (errnoOf(error) === 'ENAMETOOLONG') return undefined; // the other spelling is longer
    throw error;
  }
};

type Facts = NonNullable<ReturnType<LookUp>>;

/** A name in a directory. */
export interface LeafName {
  /** Names the directory among those of one mount. */
  readonly directory: string;
  /** A path to it, for looking up other names. */
  readonly folder: () => string;
  readonly name: string;
}

/** Finds directories in which one file has two names: case is folded there, or Unicode is normalised. */
export interface AliasWatch {
  /** Whether another spelling leads to the object of this name. A directory is tried until it is known to tell apart. */
  hasAlias(leaf: LeafName, facts: Facts): boolean;
}

const MOST_KNOWN = 4096;

/** Remembers the directories that tell names apart. */
export function createAliasWatch(look: LookUp): AliasWatch {
  const known = new Set<string>();
  return Object.freeze({
    hasAlias({ directory, folder, name }: LeafName, facts: Facts): boolean {
      if (known.has(directory)) return false;
      const answer = aliasOf(folder(), name, facts, look);
      if (answer === 'apart') {
        if (known.size >= MOST_KNOWN) known.clear();
        known.add(directory);
      }
      return answer === 'alias';
    },
  });
}

/** Whether a directory tells a name from its other spellings; `unknown` where this name has none that would show it. */
export function aliasOf(folder: string, name: string, facts: Facts, look: LookUp): 'alias' | 'apart' | 'unknown' {
  // Two hard links are two names of one file on any file system; a directory has one name, whatever its link count.
  if (facts.nlink > 1 && !facts.isDirectory()) return 'unknown';
  const others = spellingsOf(name);
  const same = others.some((other) => {
    const found = look(`${folder}/${other}`);
    return found !== undefined && found.ino === facts.ino && found.dev === facts.dev;
  });
  if (same) return 'alias';
  return CASED.test(name) ? 'apart' : 'unknown';
}

const CASED = /[A-Za-z]/;

/** The other spellings that some file system takes for the same name. */
function spellingsOf(name: string): readonly string[] {
  const swapped = Array.from(name, (letter) =>
    letter === letter.toLowerCase() ? upper(letter) : letter.toLowerCase(),
  );
  const all = [swapped.join(''), name.normalize('NFD'), name.normalize('NFKC')];
  return [...new Set(all)].filter((other) => other !== name && other !== '.' && other !== '..' && !other.includes('/'));
}

/** The capital letter, unless it is more than one (`ß`). */
function upper(letter: string): string {
  const capital = letter.toUpperCase();
  return Array.from(capital).length === 1 ? capital : letter;
}
