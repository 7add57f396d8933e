import type { FileError } from '../contracts/file-service.ts';

/** The longest path that is taken apart. */
const MAX_PATH = 4096;

/** Where a relative path leads. `directory`: it is written as only a directory can be named, `x/` or `x/.`. */
export type Place =
  { readonly path: string; readonly directory: boolean } | { readonly refused: 'no-entry' | Reported };

/** What is worth a record: an attempt to leave the directory, or a path that nobody would write. */
export type Reported = Extract<FileError, 'not-permitted' | 'name-too-long'>;

/** An empty segment, `.` or `..`. Without one, a path is joined as it stands. */
const ODD = /(?:^|\/)\.{0,2}(?:\/|$)/;

/**
 * Joins a path to the directory that it is relative to. `.` and `..` are resolved by their names, before anything is
 * looked at, and never lead out of the directory: whoever holds a descriptor reaches what is below it and nothing else.
 */
export function placeOf(directory: string, path: string): Place {
  if (!ODD.test(path)) return { path: `${directory === '/' ? '' : directory}/${path}`, directory: false };
  if (path === '') return { refused: 'no-entry' };
  if (path.startsWith('/')) return { refused: 'not-permitted' };
  if (path.length > MAX_PATH) return { refused: 'name-too-long' };
  const names: string[] = [];
  const segments = path.split('/');
  for (const segment of segments) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') names.push(segment);
    else if (names.pop() === undefined) return { refused: 'not-permitted' };
  }
  const joined = names.length === 0 ? directory : [directory === '/' ? '' : directory, ...names].join('/');
  return { path: joined, directory: ODD.test(segments.at(-1) ?? '') };
}
