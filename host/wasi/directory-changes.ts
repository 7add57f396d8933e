import type { NewTime } from '../contracts/file-service.ts';
import { below, statusAt, type PathFlags } from './directory-paths.ts';
import { newTimeOf, type NewTimestamp } from './file-stat.ts';
import { changeable, directoryOf, fail, valueOf, type OpenDescriptor } from './open-descriptor.ts';

/*
 * What is done to names below a directory. A descriptor that may not change its directory answers `read-only` before
 * anything is looked at.
 */

export function createDirectory(open: OpenDescriptor, path: string): void {
  const directory = changeable(open);
  const place = below(directory, path);
  if (place.self) fail('exist');
  valueOf(directory.files.makeDirectory(place.path));
}

export function removeDirectory(open: OpenDescriptor, path: string): void {
  const directory = changeable(open);
  const place = below(directory, path);
  if (place.self) fail('invalid');
  valueOf(directory.files.removeDirectory(place.path));
}

export function unlinkFile(open: OpenDescriptor, path: string): void {
  const directory = changeable(open);
  const place = below(directory, path);
  if (place.directory) {
    statusAt(directory, { symlinkFollow: false }, place);
    fail('is-directory');
  }
  valueOf(directory.files.removeFile(place.path));
}

export function rename(open: OpenDescriptor, oldPath: string, target: OpenDescriptor, newPath: string): void {
  const [from, to] = [changeable(open), changeable(target)];
  const [source, destination] = [below(from, oldPath), below(to, newPath)];
  if (source.self || destination.self) fail('busy');
  if (source.directory || destination.directory) {
    const { type } = valueOf(from.files.status(source.path, false));
    if (type !== 'directory') fail('not-directory');
  }
  valueOf(from.files.rename(source.path, destination.path));
}

export function link(open: OpenDescriptor, oldPath: string, target: OpenDescriptor, newPath: string): void {
  const [from, to] = [directoryOf(open), changeable(target)];
  valueOf(from.files.hardLink(below(from, oldPath).path, below(to, newPath).path));
}

/** What a link says is the guest's own text; that it leads nowhere else is the service's business. */
export function symlink(open: OpenDescriptor, oldPath: string, newPath: string): void {
  const directory = changeable(open);
  if (oldPath === '') fail('no-entry');
  if (oldPath.startsWith('/')) fail('not-permitted');
  const place = below(directory, newPath);
  if (place.directory) {
    statusAt(directory, { symlinkFollow: true }, place);
    fail('exist');
  }
  valueOf(directory.files.symbolicLink(oldPath, place.path));
}

export function setTimesAt(open: OpenDescriptor, flags: PathFlags, path: string, times: NewTimes): void {
  const directory = changeable(open);
  const place = below(directory, path);
  if (place.directory) statusAt(directory, flags, place);
  valueOf(directory.files.setTimes(place.path, flags.symlinkFollow || place.directory, ...times));
}

/** Access time and modification time. */
export type NewTimes = readonly [accessed: NewTime, modified: NewTime];

export function newTimesOf(accessed: NewTimestamp, modified: NewTimestamp): NewTimes {
  return [newTimeOf(accessed) ?? fail('invalid'), newTimeOf(modified) ?? fail('invalid')];
}
