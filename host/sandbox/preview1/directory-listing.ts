import { after, type Pending } from '../../contracts/pending.ts';
import type { Descriptor, DescriptorType, DirectoryEntryStream, Resource } from './wasi-types.ts';

export interface ListedEntry {
  readonly name: string;
  readonly type: DescriptorType;
}

/**
 * One reading of a directory from its start. A cookie is the number of entries before it. Entries before the cookie of the
 * last call are let go of: going back to them means a new listing.
 */
export interface DirectoryListing {
  /** Whether this listing still knows what comes at that cookie. */
  reaches(cookie: bigint): boolean;
  /** Lets go of what comes before it. */
  forget(cookie: bigint): void;
  /** `undefined` behind the last entry. */
  at(cookie: bigint): Pending<ListedEntry | undefined>;
  close(): void;
}

const OWN: readonly ListedEntry[] = [
  { name: '.', type: 'directory' },
  { name: '..', type: 'directory' },
];

export function createDirectoryListing(
  descriptor: Descriptor,
  drop: (resource: Resource) => void,
): Pending<DirectoryListing> {
  return after(descriptor.readDirectory(), (stream) => listingOf(stream, drop));
}

function listingOf(opened: DirectoryEntryStream, drop: (resource: Resource) => void): DirectoryListing {
  let stream: DirectoryEntryStream | undefined = opened;
  let first = 0n;
  let known: ListedEntry[] = [...OWN];

  function close(): void {
    if (stream !== undefined) drop(stream);
    stream = undefined;
  }

  function learn(entry: ListedEntry | undefined): void {
    if (entry === undefined) close();
    else known.push(entry);
  }

  function at(cookie: bigint): Pending<ListedEntry | undefined> {
    const index = Number(cookie - first);
    while (known.length <= index && stream !== undefined) {
      const entry = stream.readDirectoryEntry();
      if (entry instanceof Promise) return entry.then(learn).then(() => at(cookie));
      learn(entry);
    }
    return known[index];
  }

  return Object.freeze({
    reaches: (cookie: bigint) => cookie >= first && cookie <= first + BigInt(known.length),
    forget(cookie: bigint): void {
      known = known.slice(Number(cookie - first));
      first = cookie;
    },
    at,
    close,
  });
}
