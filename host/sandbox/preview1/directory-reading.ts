import type { Adapter, Functions } from './adapter.ts';
import { createDirectoryListing, type DirectoryListing, type ListedEntry } from './directory-listing.ts';
import { filetypeOf } from './file-status.ts';
import { directoryWith, type OpenedDirectory } from './opened.ts';
import { RIGHT } from './rights.ts';

/** `dirent`, without the name behind it. */
const DIRENT_BYTES = 24;

/** `fd_readdir`. */
export function createDirectoryReading({ view, table, payloadOf, drop }: Adapter): Functions {
  /** A listing that has what comes at the cookie. */
  function listingFor(directory: OpenedDirectory, cookie: bigint): DirectoryListing {
    if (cookie === 0n || directory.listing?.reaches(cookie) !== true) {
      directory.listing?.close();
      directory.listing = undefined;
      directory.listing = createDirectoryListing(directory.descriptor, drop);
      if (cookie > 0n) directory.listing.at(cookie - 1n); // reads up to there
    }
    directory.listing.forget(cookie);
    return directory.listing;
  }

  /** The same as in `filestat`; 0, which libraries take as unknown, where it may not be seen. */
  function inodeOf({ descriptor }: OpenedDirectory, { name }: ListedEntry): bigint {
    if (name === '.' || name === '..') return descriptor.metadataHash().lower; // what is above may be out of reach
    try {
      return descriptor.metadataHashAt({ symlinkFollow: false }, name).lower;
    } catch (error) {
      payloadOf(error);
      return 0n;
    }
  }

  function encode(directory: OpenedDirectory, entry: ListedEntry, next: bigint): Uint8Array {
    const name = Buffer.from(entry.name);
    const bytes = new Uint8Array(DIRENT_BYTES + name.length);
    const data = new DataView(bytes.buffer);
    data.setBigUint64(0, next, true);
    data.setBigUint64(8, inodeOf(directory, entry), true);
    data.setUint32(16, name.length, true);
    data.setUint8(20, filetypeOf(entry.type));
    bytes.set(name, DIRENT_BYTES);
    return bytes;
  }

  return {
    fd_readdir(given) {
      const result = view.place(given.u32(4), 4, 4);
      const size = given.u32(2);
      const at = view.place(given.u32(1), size, 1);
      const directory = directoryWith(table.get(given.u32(0)), RIGHT.fdReaddir);
      let cookie = given.u64(3);
      const listing = listingFor(directory, cookie);
      let used = 0;
      while (used < size) {
        const entry = listing.at(cookie);
        if (entry === undefined) break;
        cookie += 1n;
        const bytes = encode(directory, entry, cookie).subarray(0, size - used); // the last one may be cut off
        view.write(at + used, bytes);
        used += bytes.length;
        given.charge(used);
      }
      view.setU32(result, used);
    },
  };
}
