const MAX_PATH_BYTES = 4096;
const MAX_SEGMENTS = 64;
const MAX_SEGMENT_BYTES = 255;

/** What writes leave that are killed. The host removes it; a guest can neither make nor take such a name. */
const TEMPORARY = /\/\.sallyport-[0-9a-f]{24}\.tmp(\/|$)/;

const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/;
const CONTROL = /[\p{Cc}\u2028\u2029]/u;

/** All that can be wrong with a path. The texts are fixed, so a guest may read them. */
export type PathProblem =
  | 'longer than 4096 bytes'
  | 'not absolute'
  | 'a name that the host keeps for itself'
  | 'more than 64 segments'
  | 'has an empty segment'
  | 'has a segment `.` or `..`'
  | 'has a segment longer than 255 bytes'
  | 'not valid Unicode'
  | 'has a control character'
  | 'has a backslash'
  | 'not in Unicode normalization form C';

/** Why a text is not a canonical path; `undefined` if it is one. */
export function pathProblem(text: string): PathProblem | undefined {
  if (text.length > MAX_PATH_BYTES) return 'longer than 4096 bytes';
  if (!text.startsWith('/')) return 'not absolute';
  if (text === '/') return undefined;
  const characters = PLAIN.test(text) ? undefined : characterProblem(text);
  if (characters !== undefined) return characters;
  if (text.includes('/.sallyport-') && TEMPORARY.test(text)) return 'a name that the host keeps for itself';
  const segments = text.split('/');
  if (segments.length > MAX_SEGMENTS + 1) return 'more than 64 segments';
  for (let index = 1; index < segments.length; index += 1) {
    const segment = segments[index] ?? '';
    if (segment === '') return 'has an empty segment';
    if (segment === '.' || segment === '..') return 'has a segment `.` or `..`';
    if (segment.length * 3 > MAX_SEGMENT_BYTES && Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) {
      return 'has a segment longer than 255 bytes';
    }
  }
  return undefined;
}

function characterProblem(text: string): PathProblem | undefined {
  // A lone surrogate would become U+FFFD on its way to the kernel: another name than the one that was decided.
  if (!text.isWellFormed()) return 'not valid Unicode';
  if (CONTROL.test(text)) return 'has a control character';
  if (text.includes('\\')) return 'has a backslash';
  // CWE-176: two spellings of one name would be two resources. Bytes are compared, so only one spelling is taken.
  if (text.normalize('NFC') !== text) return 'not in Unicode normalization form C';
  if (Buffer.byteLength(text) > MAX_PATH_BYTES) return 'longer than 4096 bytes';
  return undefined;
}

/** The path of names below a directory; both are canonical. */
export const pathOf = (directory: string, names: readonly string[]): string =>
  names.length === 0 ? directory : `${directory === '/' ? '' : directory}/${names.join('/')}`;

/** Whether a path is the other one or lies below it. Both are canonical, so whole segments compare. */
export const isInside = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === '/' ? folder : `${folder}/`);

/** Whether a directory's entry has a name that a guest could ask for. */
export function isName(text: string): boolean {
  return text !== '' && !text.includes('/') && pathProblem(`/${text}`) === undefined;
}
