import type { NewTime } from '../contracts/file-service.ts';
import { after, type Pending } from '../contracts/pending.ts';
import { below, statusAt, type PathFlags } from './directory-paths.ts';
import { newTimeOf, type NewTimestamp } from './file-stat.ts';
import { changeable, directoryOf, fail, valueIn, type OpenDescriptor } from './open-descriptor.ts';

/*
 * What is done to names below a directory. Each answer may have to be waited for: where a rule asks for a person. A
 * descriptor that may not change its directory answers `read-only` before anything is looked at.
 */

export function createDirectory(open: OpenDescriptor, path: string): Pending<undefined> {
  const directory = changeable(open);
  const place = below(directory, path);
  if (place.self) fail('exist');
  return valueIn(directory.files.makeDirectory(place.path));
}

export function removeDirectory(open: OpenDescriptor, path: string): Pending<undefined> {
  const directory = changeable(open);
  const place = below(directory, path);
  if (place.self) fail('invalid');
  return valueIn(directory.files.removeDirectory(place.path));
}

export function unlinkFile(open: OpenDescriptor, path: string): Pending<undefined> {
  const directory = changeable(open);
  const place = below(directory, path);
  if (!place.directory) return valueIn(directory.files.removeFile(place.path));
  return after(statusAt(directory, { symlinkFollow: false }, place), () => fail('is-directory'));
}

export function rename(
  open: OpenDescriptor,
  oldPath: string,
  target: OpenDescriptor,
  newPath: string,
): Pending<undefined> {
  const [from, to] = [changeable(open), changeable(target)];
  const [source, destination] = [below(from, oldPath), below(to, newPath)];
  if (source.self || destination.self) fail('busy');
  const move = (): Pending<undefined> => valueIn(from.files.rename(source.path, destination.path));
  if (!source.directory && !destination.directory) return move();
  return after(valueIn(from.files.status(source.path, false)), ({ type }) =>
    type === 'directory' ? move() : fail('not-directory'),
  );
}

export function link(
  open: OpenDescriptor,
  oldPath: string,
  target: OpenDescriptor,
  newPath: string,
): Pending<undefined> {
  const [from, to] = [directoryOf(open), changeable(target)];
  return valueIn(from.files.hardLink(below(from, oldPath).path, below(to, newPath).path));
}

/** What a link says is the guest's own text; that it leads nowhere else is the service's business. */
export function symlink(open: OpenDescriptor, oldPath: string, newPath: string): Pending<undefined> {
  const directory = changeable(open);
  if (oldPath === '') fail('no-entry');
  if (oldPath.startsWith('/')) fail('not-permitted');
  const place = below(directory, newPath);
  if (!place.directory) return valueIn(directory.files.symbolicLink(oldPath, place.path));
  return after(statusAt(directory, { symlinkFollow: true }, place), () => fail('exist'));
}

export function setTimesAt(open: OpenDescriptor, flags: PathFlags, path: string, times: NewTimes): Pending<undefined> {
  const directory = changeable(open);
  const place = below(directory, path);
  const set = (): Pending<undefined> =>
    valueIn(directory.files.setTimes(place.path, flags.symlinkFollow || place.directory, ...times));
  return place.directory ? after(statusAt(directory, flags, place), set) : set();
}

/** Access time and modification time. */
export type NewTimes = readonly [accessed: NewTime, modified: NewTime];

export function newTimesOf(accessed: NewTimestamp, modified: NewTimestamp): NewTimes {
  return [newTimeOf(accessed) ?? fail('invalid'), newTimeOf(modified) ?? fail('invalid')];
}
