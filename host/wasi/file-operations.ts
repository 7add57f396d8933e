import type { FileAnswer, FileReply, FileStatus } from '../contracts/file-service.ts';
import { after, type Pending } from '../contracts/pending.ts';
import { changeable, fileFor, valueIn, valueOf, type OpenDescriptor, type OpenedFile } from './open-descriptor.ts';
import type { NewTimes } from './directory-changes.ts';

/** The most that one read asks for; what a call may carry bounds it further. */
const MOST = 0xffff_ffffn;

/** What a descriptor names. */
export function statusOf(open: OpenDescriptor): FileReply<FileStatus> {
  return open.kind === 'file' ? open.shared.file.status() : open.files.status(open.path, true);
}

/** Bytes, and whether the file ended before the first of them. */
export function read(open: OpenDescriptor, length: bigint, offset: bigint): [Uint8Array, boolean] {
  const { file } = fileFor(open, 'read').shared;
  const bytes = valueOf(file.read(offset, Number(length < MOST ? length : MOST)));
  return [bytes, bytes.length === 0 && length > 0n];
}

export const writeAt = (opened: OpenedFile, offset: bigint, bytes: Uint8Array): FileAnswer<number> =>
  written(opened, opened.shared.file.write(offset, bytes));

export const append = (opened: OpenedFile, bytes: Uint8Array): FileAnswer<number> =>
  written(opened, opened.shared.file.append(bytes));

/** Waits for the disk after a write, where the file was opened for that. */
function written({ flags, shared }: OpenedFile, answer: FileAnswer<number>): FileAnswer<number> {
  if (!answer.ok || !(flags.fileIntegritySync || flags.dataIntegritySync)) return answer;
  const synced = shared.file.sync(flags.fileIntegritySync ? 'all' : 'data');
  return synced.ok ? answer : synced;
}

/** A directory is a name: nothing of it waits to be written. */
export function sync(open: OpenDescriptor, what: 'data' | 'all'): void {
  if (open.kind === 'file') valueOf(open.shared.file.sync(what));
}

export function setTimes(open: OpenDescriptor, times: NewTimes): Pending<undefined> {
  if (open.kind === 'file') return valueIn(fileFor(open, 'write').shared.file.setTimes(...times));
  const { files, path } = changeable(open);
  return valueIn(files.setTimes(path, true, ...times));
}

/** Two descriptors of one object; where that cannot be told, they are not. */
export function isSameObject(open: OpenDescriptor, other: OpenDescriptor): Pending<boolean> {
  return after(statusOf(open), (one) =>
    after(statusOf(other), (two) => one.ok && two.ok && one.value.identity === two.value.identity),
  );
}
