import { after, type Pending } from '../contracts/pending.ts';
import { below, statusAt, type Below, type PathFlags } from './directory-paths.ts';
import {
  directoryFlags,
  directoryOf,
  fail,
  type DescriptorFlags,
  type OpenDescriptor,
  type OpenDirectory,
} from './open-descriptor.ts';
import { shareFile } from './shared-file.ts';

/** The flags `open-flags`. */
export interface OpenFlags {
  readonly create: boolean;
  readonly directory: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
}

/** What a guest asks for. */
export interface Opening {
  readonly pathFlags: PathFlags;
  readonly path: string;
  readonly openFlags: OpenFlags;
  readonly flags: DescriptorFlags;
}

/** `open-at`: a file is held open from now on, a directory is a name that was found to be one. */
export function openAt(open: OpenDescriptor, opening: Opening): Pending<OpenDescriptor> {
  const directory = directoryOf(open);
  const { path, openFlags, flags } = opening;
  const { create, truncate } = openFlags;
  if (openFlags.directory && (create || openFlags.exclusive || truncate)) return fail('invalid');
  const changes = flags.write || flags.mutateDirectory || create || truncate;
  if (changes && !directory.flags.mutateDirectory) return fail('read-only');
  const place = below(directory, path);
  if (create && place.directory) return fail('is-directory');
  return openFlags.directory || place.directory
    ? openDirectory(directory, place, opening)
    : openFile(directory, place, opening);
}

/**
 * A directory below another has what that one has, as for a file descriptor of POSIX: C libraries have no way to ask for
 * `mutate-directory`. What is done through it is decided each time.
 */
function openDirectory(
  directory: OpenDirectory,
  place: Below,
  { pathFlags, openFlags, flags }: Opening,
): Pending<OpenDirectory> {
  return after(statusAt(directory, pathFlags, place), ({ type }) => {
    if (type !== 'directory') return fail('not-directory');
    if (flags.write || openFlags.truncate) return fail('is-directory');
    return { ...directory, path: place.path, flags: directoryFlags(flags.read, directory.flags.mutateDirectory) };
  });
}

function openFile(directory: OpenDirectory, place: Below, opening: Opening): Pending<OpenDescriptor> {
  const { pathFlags, openFlags, flags } = opening;
  const { create, exclusive, truncate } = openFlags;
  const write = flags.write || create || truncate;
  const reply = directory.files.open(place.path, {
    // A file that is opened for nothing is still looked at.
    read: flags.read || !write,
    write,
    create,
    exclusive: create && exclusive,
    truncate,
    follow: pathFlags.symlinkFollow,
  });
  return after(reply, (opened): Pending<OpenDescriptor> => {
    if (opened.ok)
      return { kind: 'file', shared: shareFile(opened.value), flags: { ...flags, mutateDirectory: false } };
    if (opened.error === 'is-directory' && !write) return openDirectory(directory, place, opening);
    return fail(opened.error);
  });
}
