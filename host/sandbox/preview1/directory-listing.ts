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
  at(cookie: bigint): ListedEntry | undefined;
  close(): void;
}

const OWN: readonly ListedEntry[] = [
  { name: '.', type: 'directory' },
  { name: '..', type: 'directory' },
];

export function createDirectoryListing(descriptor: Descriptor, drop: (resource: Resource) => void): DirectoryListing {
  let stream: DirectoryEntryStream | undefined = descriptor.readDirectory();
  let first = 0n;
  let known: ListedEntry[] = [...OWN];

  function close(): void {
    if (stream !== undefined) drop(stream);
    stream = undefined;
  }

  return Object.freeze({
    reaches: (cookie: bigint) => cookie >= first && cookie <= first + BigInt(known.length),
    forget(cookie: bigint): void {
      known = known.slice(Number(cookie - first));
      first = cookie;
    },
    at(cookie: bigint): ListedEntry | undefined {
      const index = Number(cookie - first);
      while (known.length <= index && stream !== undefined) {
        const entry = stream.readDirectoryEntry();
        if (entry === undefined) close();
        else known.push(entry);
      }
      return known[index];
    },
    close,
  });
}
