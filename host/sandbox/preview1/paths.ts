import { after, type Pending } from '../../contracts/pending.ts';
import type { Adapter, Functions } from './adapter.ts';
import type { CallArguments } from './call-arguments.ts';
import { fail } from './errno.ts';
import { FILESTAT_BYTES, readNewTimes, writeFilestat } from './file-status.ts';
import { ALL_FDFLAGS, directoryWith, FDFLAG, type Opened, type OpenedDirectory } from './opened.ts';
import { readPath } from './path-text.ts';
import { has, openedRights, RIGHT } from './rights.ts';
import type { Descriptor, DescriptorFlags, OpenFlags, PathFlags } from './wasi-types.ts';

const ALL_LOOKUPFLAGS = 1;
const OFLAG = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
const ALL_OFLAGS = 15;

const lookup = (given: CallArguments, index: number): PathFlags => ({
  symlinkFollow: given.flags(index, ALL_LOOKUPFLAGS) !== 0,
});

/** What the 0.2 descriptor must be good for. A file that is opened for nothing is read, if at all; so are directories. */
function accessOf(wanted: bigint, fdflags: number, { create, truncate }: OpenFlags): DescriptorFlags {
  const write = has(wanted, RIGHT.fdWrite);
  return {
    read: has(wanted, RIGHT.fdRead) || !(write || create || truncate),
    write,
    fileIntegritySync: (fdflags & FDFLAG.sync) !== 0,
    dataIntegritySync: (fdflags & FDFLAG.dsync) !== 0,
    requestedWriteSync: (fdflags & FDFLAG.rsync) !== 0,
    mutateDirectory: false, // a directory has what the one has through which it was opened
  };
}

/** Everything that begins at a directory and follows a path. The 0.2 functions resolve it, and refuse what leads out. */
export function createPaths({ view, table, drop }: Adapter): Functions {
  /** The directory whose descriptor is the argument at `index`. */
  const directory = (given: CallArguments, index: number, right: bigint): OpenedDirectory =>
    directoryWith(table.get(given.u32(index)), right);

  /** The text whose address is the argument at `index`. */
  function path(given: CallArguments, index: number): string {
    const length = given.u32(index + 1);
    const text = readPath(view, given.u32(index), length);
    given.charge(length);
    return text;
  }

  function open(given: CallArguments): Pending<Opened> {
    const parent = directory(given, 0, RIGHT.pathOpen);
    const follow = lookup(given, 1);
    const name = path(given, 2);
    const oflags = given.flags(4, ALL_OFLAGS);
    const wanted = given.u64(5);
    const flags = given.flags(7, ALL_FDFLAGS);
    const [create, isDirectory] = [(oflags & OFLAG.create) !== 0, (oflags & OFLAG.directory) !== 0];
    if (create && !has(parent.rights.base, RIGHT.pathCreateFile)) return fail('notcapable');
    if (!has(parent.rights.inheriting, wanted & (RIGHT.fdRead | RIGHT.fdWrite))) return fail('notcapable');
    if (isDirectory && has(wanted, RIGHT.fdWrite)) return fail('isdir');
    const how = {
      create,
      directory: isDirectory,
      exclusive: (oflags & OFLAG.exclusive) !== 0,
      truncate: (oflags & OFLAG.truncate) !== 0,
    };
    return after(parent.descriptor.openAt(follow, name, how, accessOf(wanted, flags, how)), (descriptor) =>
      openedFrom(descriptor, parent, wanted, flags),
    );
  }

  function openedFrom(descriptor: Descriptor, parent: OpenedDirectory, wanted: bigint, flags: number): Opened {
    try {
      const type = descriptor.getType();
      const rights = openedRights(parent.rights, wanted, type === 'directory');
      return type === 'directory'
        ? { kind: 'directory', descriptor, preopen: undefined, listing: undefined, rights, flags: 0 }
        : { kind: 'file', descriptor, type, position: 0n, rights, flags };
    } catch (error) {
      drop(descriptor);
      throw error;
    }
  }

  return {
    path_open(given) {
      const result = view.place(given.u32(8), 4, 4);
      table.demandRoom();
      return after(open(given), (opened) => view.setU32(result, table.add(opened)));
    },
    path_create_directory(given) {
      return directory(given, 0, RIGHT.pathCreateDirectory).descriptor.createDirectoryAt(path(given, 1));
    },
    path_filestat_get(given) {
      const at = view.place(given.u32(4), FILESTAT_BYTES, 8);
      const { descriptor } = directory(given, 0, RIGHT.pathFilestatGet);
      const [flags, name] = [lookup(given, 1), path(given, 2)];
      return after(descriptor.statAt(flags, name), (stat) =>
        after(descriptor.metadataHashAt(flags, name), (hash) => writeFilestat(view, at, stat, hash)),
      );
    },
    path_filestat_set_times(given) {
      const { descriptor } = directory(given, 0, RIGHT.pathFilestatSetTimes);
      return descriptor.setTimesAt(lookup(given, 1), path(given, 2), ...readNewTimes(given, 4));
    },
    path_link(given) {
      const source = directory(given, 0, RIGHT.pathLinkSource);
      const [flags, name] = [lookup(given, 1), path(given, 2)];
      const target = directory(given, 4, RIGHT.pathLinkTarget);
      return source.descriptor.linkAt(flags, name, target.descriptor, path(given, 5));
    },
    path_readlink(given) {
      const result = view.place(given.u32(5), 4, 4);
      const size = given.u32(4);
      const at = view.place(given.u32(3), size, 1);
      const { descriptor } = directory(given, 0, RIGHT.pathReadlink);
      return after(descriptor.readlinkAt(path(given, 1)), (target) => {
        const text = Buffer.from(target).subarray(0, size);
        view.write(at, text);
        view.setU32(result, text.length);
      });
    },
    path_remove_directory(given) {
      return directory(given, 0, RIGHT.pathRemoveDirectory).descriptor.removeDirectoryAt(path(given, 1));
    },
    path_rename(given) {
      const source = directory(given, 0, RIGHT.pathRenameSource);
      const name = path(given, 1);
      const target = directory(given, 3, RIGHT.pathRenameTarget);
      return source.descriptor.renameAt(name, target.descriptor, path(given, 4));
    },
    path_symlink(given) {
      const text = path(given, 0);
      return directory(given, 2, RIGHT.pathSymlink).descriptor.symlinkAt(text, path(given, 3));
    },
    path_unlink_file(given) {
      return directory(given, 0, RIGHT.pathUnlinkFile).descriptor.unlinkFileAt(path(given, 1));
    },
  };
}
