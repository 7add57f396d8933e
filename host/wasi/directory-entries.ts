import type { DirectoryName, FileAnswer } from '../contracts/file-service.ts';
import type { ResourceClass } from '../contracts/guest-import.ts';
import { descriptorTypeOf, type DescriptorType } from './file-stat.ts';
import { valueOf } from './open-descriptor.ts';
import { createSlots } from './slots.ts';

/** Names of a directory, a page at a time; an empty page is the end. */
export interface NamePages {
  readonly next: () => FileAnswer<readonly DirectoryName[]>;
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
    readDirectoryEntry(): DirectoryEntry | undefined {
      const reading = slots.of(this);
      if (reading.index === reading.page.length && !reading.ended) turn(reading);
      const found = reading.page[reading.index];
      if (found === undefined) return undefined;
      reading.index += 1;
      return { type: descriptorTypeOf(found.type), name: found.name };
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

function turn(reading: Reading): void {
  reading.page = valueOf(reading.pages.next());
  reading.index = 0;
  reading.ended = reading.page.length === 0;
}
