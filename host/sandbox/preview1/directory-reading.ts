import { after, type Pending } from '../../contracts/pending.ts';
import type { Adapter, Functions } from './adapter.ts';
import { createDirectoryListing, type DirectoryListing, type ListedEntry } from './directory-listing.ts';
import { filetypeOf } from './file-status.ts';
import { directoryWith, type OpenedDirectory } from './opened.ts';
import { RIGHT } from './rights.ts';
import type { MetadataHash } from './wasi-types.ts';

/** How far a call has come. */
interface Written {
  /** Of the next entry. */
  readonly cookie: bigint;
  readonly used: number;
}

/** `dirent`, without the name behind it. */
const DIRENT_BYTES = 24;

const lowerOf = ({ lower }: MetadataHash): bigint => lower;

/** `fd_readdir`. */
export function createDirectoryReading({ view, table, payloadOf, drop }: Adapter): Functions {
  /** A listing that has what comes at the cookie. */
  function listingFor(directory: OpenedDirectory, cookie: bigint): Pending<DirectoryListing> {
    const { listing } = directory;
    if (cookie > 0n && listing?.reaches(cookie) === true) {
      listing.forget(cookie);
      return listing;
    }
    listing?.close();
    directory.listing = undefined;
    return after(createDirectoryListing(directory.descriptor, drop), (begun) => {
      directory.listing = begun;
      const before = cookie > 0n ? begun.at(cookie - 1n) : undefined; // reads up to there
      return after(before, () => {
        begun.forget(cookie);
        return begun;
      });
    });
  }

  /** The same as in `filestat`; 0, which libraries take as unknown, where it may not be seen. */
  function inodeOf({ descriptor }: OpenedDirectory, { name }: ListedEntry): Pending<bigint> {
    if (name === '.' || name === '..') return after(descriptor.metadataHash(), lowerOf); // what is above may be out of reach
    const unseen = (error: unknown): bigint => {
      payloadOf(error);
      return 0n;
    };
    try {
      const inode = after(descriptor.metadataHashAt({ symlinkFollow: false }, name), lowerOf);
      return inode instanceof Promise ? inode.catch(unseen) : inode;
    } catch (error) {
      return unseen(error);
    }
  }

  function encode(entry: ListedEntry, next: bigint, inode: bigint): Uint8Array {
    const name = Buffer.from(entry.name);
    const bytes = new Uint8Array(DIRENT_BYTES + name.length);
    const data = new DataView(bytes.buffer);
    data.setBigUint64(0, next, true);
    data.setBigUint64(8, inode, true);
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

      /** Writes the entry at the cookie behind those that are there; how much there is then, or nothing at the end. */
      const writeOne = (listing: DirectoryListing, { cookie, used }: Written): Pending<Written | undefined> =>
        after(listing.at(cookie), (entry) => {
          if (entry === undefined) return undefined;
          return after(inodeOf(directory, entry), (inode) => {
            const bytes = encode(entry, cookie + 1n, inode).subarray(0, size - used); // the last one may be cut off
            view.write(at + used, bytes);
            given.charge(used + bytes.length);
            return { cookie: cookie + 1n, used: used + bytes.length };
          });
        });

      function writeAll(listing: DirectoryListing, from: Written): Pending<void> {
        let written = from;
        const end = (): void => view.setU32(result, written.used);
        while (written.used < size) {
          const next = writeOne(listing, written);
          if (next instanceof Promise)
            return next.then((more) => (more === undefined ? end() : writeAll(listing, more)));
          if (next === undefined) break;
          written = next;
        }
        end();
      }
      const cookie = given.u64(3);
      return after(listingFor(directory, cookie), (listing) => writeAll(listing, { cookie, used: 0 }));
    },
  };
}
