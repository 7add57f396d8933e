import type { FileRoot, FileService, FileStatus } from '../contracts/file-service.ts';
import type { ResourceClass } from '../contracts/guest-import.ts';
import { after, type Pending } from '../contracts/pending.ts';
import * as change from './directory-changes.ts';
import type { NamePages } from './directory-entries.ts';
import { below, statusAt, statusBelow, type PathFlags } from './directory-paths.ts';
import { openAt, type OpenFlags } from './file-opening.ts';
import * as act from './file-operations.ts';
import {
  descriptorTypeOf,
  metadataHashOf,
  statOf,
  type DescriptorStat,
  type DescriptorType,
  type MetadataHash,
  type NewTimestamp,
} from './file-stat.ts';
import { fileSink, fileSource } from './file-streams.ts';
import {
  directoryFlags,
  directoryOf,
  fail,
  fileFor,
  valueIn,
  valueOf,
  type DescriptorFlags,
  type OpenDescriptor,
  type OpenDirectory,
} from './open-descriptor.ts';
import { createSlots } from './slots.ts';
import { createStatusMemo } from './status-memo.ts';
import type { Streams } from './streams.ts';

export interface DescriptorOptions {
  readonly streams: Streams;
  /** Makes a `directory-entry-stream`. */
  readonly entries: (pages: NamePages) => object;
  readonly trap: (message: string) => never;
}

/** What is asked about, as the memo compares it: the whole question. */
const nameOf = ({ path: from }: OpenDirectory, { symlinkFollow }: PathFlags, path: string): string =>
  JSON.stringify([from, path, symlinkFollow]);

/** The resource `descriptor`, and the first of them: the directories that the configuration shows. */
export interface Descriptors {
  readonly Descriptor: ResourceClass;
  readonly root: (files: FileService, root: FileRoot) => object;
}

export function createDescriptors({ streams, entries, trap }: DescriptorOptions): Descriptors {
  const held = createSlots<OpenDescriptor>(trap);
  const memo = createStatusMemo();
  const slots = {
    ...held,
    of(self: object): OpenDescriptor {
      memo.forget();
      return held.of(self);
    },
  };
  const make = (open: OpenDescriptor): object => slots.hold(new Descriptor(), open);

  class Descriptor {
    readViaStream(offset: bigint): object {
      return streams.input(fileSource(fileFor(slots.of(this), 'read').shared, offset));
    }
    writeViaStream(offset: bigint): object {
      const opened = fileFor(slots.of(this), 'write');
      let at = offset;
      return streams.output(
        fileSink(opened.shared, (bytes) => {
          const answer = act.writeAt(opened, at, bytes);
          at += BigInt(bytes.length);
          return answer;
        }),
      );
    }
    appendViaStream(): object {
      const opened = fileFor(slots.of(this), 'write');
      return streams.output(fileSink(opened.shared, (bytes) => act.append(opened, bytes)));
    }
    /** How a file will be read makes no difference. */
    advise(): void {
      fileFor(slots.of(this), 'any');
    }
    syncData(): void {
      act.sync(slots.of(this), 'data');
    }
    getFlags(): DescriptorFlags {
      return slots.of(this).flags;
    }
    getType(): DescriptorType {
      return descriptorTypeOf(slots.of(this).kind);
    }
    setSize(size: bigint): void {
      valueOf(fileFor(slots.of(this), 'write').shared.file.setSize(size));
    }
    setTimes(accessed: NewTimestamp, modified: NewTimestamp): Pending<undefined> {
      return act.setTimes(slots.of(this), change.newTimesOf(accessed, modified));
    }
    read(length: bigint, offset: bigint): [Uint8Array, boolean] {
      return act.read(slots.of(this), length, offset);
    }
    write(buffer: Uint8Array, offset: bigint): bigint {
      return BigInt(valueOf(act.writeAt(fileFor(slots.of(this), 'write'), offset, buffer)));
    }
    readDirectory(): Pending<object> {
      const { files, path, flags } = directoryOf(slots.of(this));
      return flags.read ? after(valueIn(files.list(path)), entries) : fail('bad-descriptor');
    }
    sync(): void {
      act.sync(slots.of(this), 'all');
    }
    createDirectoryAt(path: string): Pending<undefined> {
      return change.createDirectory(slots.of(this), path);
    }
    stat(): Pending<DescriptorStat> {
      return after(valueIn(act.statusOf(slots.of(this))), statOf);
    }
    statAt(flags: PathFlags, path: string): Pending<DescriptorStat> {
      const directory = directoryOf(slots.of(this));
      const look = (): Pending<FileStatus> => statusBelow(directory, flags, path);
      return after(memo.first(nameOf(directory, flags, path), look), statOf);
    }
    setTimesAt(flags: PathFlags, path: string, accessed: NewTimestamp, modified: NewTimestamp): Pending<undefined> {
      return change.setTimesAt(slots.of(this), flags, path, change.newTimesOf(accessed, modified));
    }
    linkAt(_flags: PathFlags, oldPath: string, target: object, newPath: string): Pending<undefined> {
      return change.link(slots.of(this), oldPath, slots.of(target), newPath);
    }
    openAt(pathFlags: PathFlags, path: string, openFlags: OpenFlags, flags: DescriptorFlags): Pending<object> {
      return after(openAt(slots.of(this), { pathFlags, path, openFlags, flags }), make);
    }
    readlinkAt(path: string): Pending<string> {
      const directory = directoryOf(slots.of(this));
      const place = below(directory, path);
      if (place.directory) return after(statusAt(directory, { symlinkFollow: true }, place), () => fail('invalid'));
      return after(valueIn(directory.files.readLink(place.path)), (target) =>
        // Where a link leads to on the machine is not the guest's to know.
        target.startsWith('/') ? fail('not-permitted') : target,
      );
    }
    removeDirectoryAt(path: string): Pending<undefined> {
      return change.removeDirectory(slots.of(this), path);
    }
    renameAt(oldPath: string, target: object, newPath: string): Pending<undefined> {
      return change.rename(slots.of(this), oldPath, slots.of(target), newPath);
    }
    symlinkAt(oldPath: string, newPath: string): Pending<undefined> {
      return change.symlink(slots.of(this), oldPath, newPath);
    }
    unlinkFileAt(path: string): Pending<undefined> {
      return change.unlinkFile(slots.of(this), path);
    }
    isSameObject(other: object): Pending<boolean> {
      return act.isSameObject(slots.of(this), slots.of(other));
    }
    metadataHash(): Pending<MetadataHash> {
      return after(valueIn(act.statusOf(slots.of(this))), metadataHashOf);
    }
    metadataHashAt(flags: PathFlags, path: string): Pending<MetadataHash> {
      const directory = directoryOf(held.of(this));
      const look = (): Pending<FileStatus> => statusBelow(directory, flags, path);
      return after(memo.again(nameOf(directory, flags, path), look), metadataHashOf);
    }
    [Symbol.dispose](): void {
      const open = slots.of(this);
      slots.release(this);
      if (open.kind === 'file') open.shared.release();
    }
  }

  return Object.freeze({
    Descriptor,
    root: (files: FileService, { path, writable }: FileRoot) =>
      make({ kind: 'directory', files, path, flags: directoryFlags(true, writable) }),
  });
}
