import type { DirectoryName, FileReply } from '../contracts/file-service.ts';
import { after, type Pending } from '../contracts/pending.ts';
import type { ResourceClass } from '../contracts/guest-import.ts';
import { descriptorTypeOf, type DescriptorType } from './file-stat.ts';
import { valueIn } from './open-descriptor.ts';
import { createSlots } from './slots.ts';

/** Names of a directory, a page at a time; an empty page is the end. */
export interface NamePages {
  readonly next: () => FileReply<readonly DirectoryName[]>;
}

/** The record `directory-entry`. */
interface DirectoryEntry {
  readonly type: DescriptorType;
  readonly name: string;
}

interface Reading {
  readonly pages: NamePages;
  page: readonly DirectoryName[];
  /** Of the next name in the page. */
  index: number;
  ended: boolean;
}

/** The resource `directory-entry-stream`, and what makes one. */
export function createDirectoryEntries(trap: (message: string) => never): {
  readonly DirectoryEntryStream: ResourceClass;
  readonly stream: (pages: NamePages) => object;
} {
  const slots = createSlots<Reading>(trap);

  class DirectoryEntryStream {
    readDirectoryEntry(): Pending<DirectoryEntry | undefined> {
      const reading = slots.of(this);
      if (reading.index < reading.page.length || reading.ended) return next(reading);
      return after(turn(reading), () => next(reading));
    }
    [Symbol.dispose](): void {
      slots.release(this);
    }
  }
  return {
    DirectoryEntryStream,
    stream: (pages) => slots.hold(new DirectoryEntryStream(), { pages, page: [], index: 0, ended: false }),
  };
}

function next(reading: Reading): DirectoryEntry | undefined {
  const found = reading.page[reading.index];
  if (found === undefined) return undefined;
  reading.index += 1;
  return { type: descriptorTypeOf(found.type), name: found.name };
}

function turn(reading: Reading): Pending<undefined> {
  return after(valueIn(reading.pages.next()), (page) => {
    reading.page = page;
    reading.index = 0;
    reading.ended = page.length === 0;
    return undefined;
  });
}
