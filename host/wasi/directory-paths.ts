import type { FileStatus } from '../contracts/file-service.ts';
import { after, type Pending } from '../contracts/pending.ts';
import { placeOf } from './file-path.ts';
import { fail, valueOf, type OpenDirectory } from './open-descriptor.ts';

/** The flags `path-flags`. */
export interface PathFlags {
  readonly symlinkFollow: boolean;
}

/** A path below a directory. */
export interface Below {
  readonly path: string;
  /** Whether it is written as only a directory can be named. */
  readonly directory: boolean;
  /** Whether it is the directory itself. */
  readonly self: boolean;
}

/** Where a path leads from a directory; the error of the call if it leads nowhere. */
export function below({ files, path: from }: OpenDirectory, path: string): Below {
  const place = placeOf(from, path);
  if (!('refused' in place)) return { ...place, self: place.path === from };
  // Asked as it stands: that is refused, as every path that is not canonical is, and enters the record.
  // What is refused before it is decided has nobody to wait for.
  if (place.refused !== 'no-entry') void files.status(`${from}/${path}`, false);
  return fail(place.refused);
}

/** What is at a path. A link at its end is followed where a `/` is behind it, as POSIX has it. */
export function statusBelow(directory: OpenDirectory, flags: PathFlags, path: string): Pending<FileStatus> {
  return statusAt(directory, flags, below(directory, path));
}

/** The same for a path that was looked at before. */
export function statusAt({ files }: OpenDirectory, { symlinkFollow }: PathFlags, place: Below): Pending<FileStatus> {
  return after(files.status(place.path, symlinkFollow || place.directory), (answer) => {
    const status = valueOf(answer);
    return place.directory && status.type !== 'directory' ? fail('not-directory') : status;
  });
}
