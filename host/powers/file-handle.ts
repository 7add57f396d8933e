import { closeSync, constants, fdatasyncSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { NewTime } from '../contracts/file-service.ts';
import type { FileBounds, FileHandle } from '../gates/fs/posix-files.ts';
import { descriptorPath } from './descriptor-path.ts';
import { appendAll, closing, type PartReader } from './file-contents.ts';
import type { MountQuota } from './mount-quota.ts';
import type { StatusOf } from './object-status.ts';
import type { SetTimes } from './object-times.ts';
import { attemptPosix, donePosix, PosixRefusal } from './posix-refusal.ts';

const { O_APPEND, O_NONBLOCK, O_WRONLY } = constants;

/** What a handle is made of. */
export interface OpenedFile {
  /** Becomes the handle's own, which closes it. */
  readonly descriptor: number;
  readonly created: boolean;
  readonly truncated: boolean;
  readonly bounds: FileBounds;
  readonly quota: MountQuota;
  readonly statusOf: StatusOf;
  readonly applyTimes: SetTimes;
  /** One for all files of a mount: with one for each, those that are open would hold as many buffers. */
  readonly readPart: PartReader;
}

/** A file that stays open. Its name no longer matters, but its links do, before each change. */
export function createFileHandle(file: OpenedFile): FileHandle {
  const { descriptor, created, truncated, bounds, quota, statusOf, applyTimes, readPart } = file;
  let changed = created || truncated;

  /** Performs a change that makes the file as large as `size` says, which is given what it is now. */
  function changing<Value>(size: (now: number) => number, act: (now: number) => Value): Value {
    const stats = fstatSync(descriptor);
    // CWE-62: a second name that somebody made meanwhile may lie where this agent has no right.
    if (stats.nlink > 1) throw new PosixRefusal('forbidden');
    const next = size(stats.size);
    if (next > bounds.mostBytes && next > stats.size) throw new PosixRefusal('file-too-large');
    changed = true;
    return quota.within({ bytes: next - stats.size, files: 0 }, () => act(stats.size));
  }

  return Object.freeze({
    created,
    truncated,
    read: (offset: number, length: number) =>
      attemptPosix(() => {
        const left = Math.max(0, fstatSync(descriptor).size - offset);
        return readPart(descriptor, offset, Math.min(length, left));
      }),
    write: (offset: number, contents: Uint8Array) =>
      attemptPosix(() =>
        changing(
          (now) => (contents.length === 0 ? now : Math.max(now, offset + contents.length)),
          () => writeAt(descriptor, offset, contents),
        ),
      ),
    append: (contents: Uint8Array) =>
      attemptPosix(() =>
        changing(
          (now) => now + contents.length,
          (now) => {
            // The kernel finds the end: two that append at the same time do not write over each other.
            closing(openSync(descriptorPath(descriptor), O_WRONLY | O_APPEND | O_NONBLOCK), (end) =>
              appendAll(end, now, contents),
            );
            return contents.length;
          },
        ),
      ),
    setSize: (size: number) =>
      donePosix(() =>
        changing(
          () => size,
          () => ftruncateSync(descriptor, size),
        ),
      ),
    setTimes: (accessed: NewTime, modified: NewTime) =>
      donePosix(() =>
        changing(
          (now) => now,
          () => applyTimes(descriptor, accessed, modified),
        ),
      ),
    status: () => attemptPosix(() => statusOf(descriptor)),
    sync: (what: 'data' | 'all') => donePosix(() => (what === 'data' ? fdatasyncSync : fsyncSync)(descriptor)),
    close: () =>
      donePosix(() => {
        try {
          if (bounds.sync && changed) fsyncSync(descriptor);
        } finally {
          closeSync(descriptor);
        }
      }),
  });
}

function writeAt(descriptor: number, offset: number, contents: Uint8Array): number {
  let written = 0;
  while (written < contents.length)
    written += writeSync(descriptor, contents, written, contents.length - written, offset + written);
  return written;
}
