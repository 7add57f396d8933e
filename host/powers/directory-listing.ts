import { opendirSync, type Dirent } from 'node:fs';
import type { FileType } from '../contracts/file-service.ts';
import type { FileKind, FileListing, ListOptions, TypedName } from '../gates/fs/files.ts';
import { FileRefusal } from './file-refusal.ts';
import { descriptorPath } from './descriptor-path.ts';

const MOST_ENTRIES = 200_000;
const READ_AT_ONCE = 1024;

/** Lists directories page by page. */
export interface DirectoryLister {
  /** `key` names the directory among those of one tree. */
  page(key: string, descriptor: number, options: ListOptions): FileListing;
}

interface Snapshot {
  readonly key: string;
  readonly entries: readonly TypedName[];
  readonly skipped: number;
  /** Where the page after the last one begins, and the name before it. */
  readonly from: number;
  readonly after: string | undefined;
}

/** A lister that remembers the directory whose pages are being turned, so that a page costs no new reading. */
export function createDirectoryLister(): DirectoryLister {
  let last: Snapshot | undefined;
  return Object.freeze({
    page(key: string, descriptor: number, { after, most, accept }: ListOptions): FileListing {
      const continued = after !== undefined && last?.key === key && last.after === after;
      const { entries, skipped } = continued && last ? last : readEntries(descriptor, accept);
      const from = continued && last ? last.from : indexAfter(entries, after);
      const shown = entries.slice(from, from + most);
      const more = from + shown.length < entries.length;
      last = more ? { key, entries, skipped, from: from + shown.length, after: shown.at(-1)?.name } : undefined;
      return { entries: shown, more, skipped };
    },
  });
}

function indexAfter(entries: readonly TypedName[], after: string | undefined): number {
  if (after === undefined) return 0;
  const cursor = bytesOf(after);
  const index = entries.findIndex(({ name }) => bytesOf(name) > cursor);
  return index < 0 ? entries.length : index;
}

/** Text whose UTF-16 units are the UTF-8 bytes of a name: comparing it compares bytes. */
const bytesOf = (name: string): string => Buffer.from(name, 'utf8').toString('latin1');

function readEntries(descriptor: number, accept: ListOptions['accept']): Pick<Snapshot, 'entries' | 'skipped'> {
  const raw = readRaw(descriptor).sort((one, other) => (one.name < other.name ? -1 : 1));
  const entries: TypedName[] = [];
  let skipped = 0;
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for (const { name: bytes, type } of raw) {
    const name = decode(decoder, bytes);
    if (name !== undefined && accept(name)) entries.push({ name, type });
    else skipped += 1;
  }
  return { entries, skipped };
}

function readRaw(descriptor: number): TypedName[] {
  // A name need not be UTF-8. As Latin-1 every byte survives, and order is the order of bytes.
  const directory = opendirSync(descriptorPath(descriptor), { encoding: 'latin1', bufferSize: READ_AT_ONCE });
  const raw: TypedName[] = [];
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if (raw.length >= MOST_ENTRIES) throw new FileRefusal('too-large');
      raw.push({ name: entry.name, type: typeOf(entry) });
    }
  } finally {
    directory.closeSync();
  }
  return raw;
}

function decode(decoder: TextDecoder, bytes: string): string | undefined {
  try {
    return decoder.decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return undefined;
  }
}

/** What an entry or an object is. */
export const typeOf = (entry: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): FileType =>
  entry.isSymbolicLink() ? 'link' : kindOf(entry);

/** What an entry or an object stands for where links are none. */
export function kindOf(entry: Pick<Dirent, 'isFile' | 'isDirectory'>): FileKind {
  if (entry.isFile()) return 'file';
  return entry.isDirectory() ? 'directory' : 'other';
}
