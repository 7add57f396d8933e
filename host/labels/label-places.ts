import type { LabelRef } from '../contracts/decision.ts';
import type { LabelledResource } from '../contracts/label.ts';
import type { Access } from '../contracts/request.ts';

/**
 * Where the data of a resource lies, beside its own name: a name of a file is data of its directory, a database may have
 * two names, and a program that mounts are shown to reads and writes what it likes there.
 */
export interface LabelPlaces {
  /** The names under which a label may stand that holds for what is read there. None where nothing is kept. */
  readFrom(resource: string): readonly string[];
  /** The directories that are read as a whole. */
  readBelow(resource: string): readonly string[];
  /** The names under which the label of what goes out is kept. */
  writtenTo(access: Access): readonly string[];
}

/** What of a configuration says so. */
export interface PlacesOptions {
  /** Names of databases by the name of one: all that are the same, this one included. */
  readonly sameDatabases: ReadonlyMap<string, readonly string[]>;
  /** What programs are shown of mounts, by the name of the tool. */
  readonly tools: ReadonlyMap<string, readonly ShownMount[]>;
}

export interface ShownMount {
  /** As guests know it: `/workspace`. */
  readonly path: string;
  readonly access: 'ro' | 'rw';
}

const NONE: readonly string[] = [];
/** Stands for whatever a program may have written below a directory. */
const anythingBelow = (directory: string): string => `${directory === '/' ? '' : directory}/**`;

/** The directory in which a name stands. */
const directoryOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));

/** Makes the places of one configuration. */
export function createLabelPlaces({ sameDatabases, tools }: PlacesOptions): LabelPlaces {
  const mountsOf = (resource: string): readonly ShownMount[] => tools.get(resource.slice('tool:'.length)) ?? [];
  const written = new Set(
    [...tools.values()].flatMap((mounts) => mounts.flatMap(({ path, access }) => (access === 'rw' ? [path] : []))),
  );

  function namesOfTable(resource: string): readonly string[] {
    const slash = resource.indexOf('/');
    const names = sameDatabases.get(resource.slice('db:'.length, slash));
    return names?.map((name) => `db:${name}${resource.slice(slash)}`) ?? [resource];
  }

  return Object.freeze({
    readFrom(resource: string): readonly string[] {
      if (resource.startsWith('db:')) return namesOfTable(resource);
      if (!resource.startsWith('/')) return NONE;
      const shared = [...written].filter((mount) => mount === '/' || `${resource}/`.startsWith(`${mount}/`));
      return shared.length === 0 ? [resource] : [resource, ...shared.map(anythingBelow)];
    },
    readBelow: (resource: string): readonly string[] =>
      resource.startsWith('tool:') ? mountsOf(resource).map(({ path }) => path) : NONE,
    writtenTo({ action, resource }: Access): readonly string[] {
      if (resource.startsWith('/')) return resource === '/' ? [resource] : [resource, directoryOf(resource)];
      // What a table is called is data of the schema.
      if (resource.startsWith('db:'))
        return action === 'db:schema'
          ? [resource, `${resource.slice(0, resource.indexOf('/'))}/sqlite_schema`]
          : [resource];
      if (!resource.startsWith('tool:')) return NONE;
      return mountsOf(resource).flatMap(({ path, access }) => (access === 'rw' ? [anythingBelow(path)] : []));
    },
  });
}

/** The highest label by configuration of what may lie below a directory. */
export function labelBelow(entries: readonly LabelledResource[], directory: string): LabelRef | undefined {
  const below = directory === '/' ? '/' : `${directory}/`;
  let highest: LabelRef | undefined;
  for (const { pattern, label } of entries) {
    const star = pattern.indexOf('*');
    const start = star < 0 ? pattern : pattern.slice(0, star);
    const fits = start.startsWith(below) || (star >= 0 && below.startsWith(start)) || pattern === directory;
    if (fits && (highest === undefined || label.rank > highest.rank)) highest = label;
  }
  return highest;
}
