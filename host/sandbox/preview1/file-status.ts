import { after } from '../../contracts/pending.ts';
import type { Adapter, Functions } from './adapter.ts';
import type { CallArguments } from './call-arguments.ts';
import { fail } from './errno.ts';
import type { GuestView } from './guest-view.ts';
import { ALL_FDFLAGS, FDFLAG, fileOrDirectoryWith, fileWith, demand, type Opened } from './opened.ts';
import { RIGHT, within } from './rights.ts';
import type { Datetime, DescriptorStat, DescriptorType, MetadataHash, NewTimestamp } from './wasi-types.ts';

const NS_PER_S = 1_000_000_000n;
const LAST_U64 = 2n ** 64n - 1n;

/** `filetype`; it has no case for a FIFO, and two for sockets. */
const FILETYPE: Readonly<Record<DescriptorType, number>> = {
  unknown: 0,
  'block-device': 1,
  'character-device': 2,
  directory: 3,
  'regular-file': 4,
  fifo: 0,
  socket: 6,
  'symbolic-link': 7,
};

export const filetypeOf = (type: DescriptorType): number => FILETYPE[type];

/** `filestat`. */
export const FILESTAT_BYTES = 64;
/** `fdstat`. */
const FDSTAT_BYTES = 24;

/** What every file reports as its device: identities are unique among all directories of a run. */
const DEVICE = 1n;

/** Nanoseconds since 1970. */
export function nanoseconds(time: Datetime | undefined): bigint {
  if (time === undefined) return 0n;
  const value = time.seconds * NS_PER_S + BigInt(time.nanoseconds);
  return value > LAST_U64 ? fail('overflow') : value;
}

export function writeFilestat(view: GuestView, at: number, stat: DescriptorStat, hash: MetadataHash): void {
  view.setU64(at, DEVICE);
  view.setU64(at + 8, hash.lower);
  view.setU64(at + 16, BigInt(filetypeOf(stat.type))); // a byte and its padding
  view.setU64(at + 24, stat.linkCount);
  view.setU64(at + 32, stat.size);
  view.setU64(at + 40, nanoseconds(stat.dataAccessTimestamp));
  view.setU64(at + 48, nanoseconds(stat.dataModificationTimestamp));
  view.setU64(at + 56, nanoseconds(stat.statusChangeTimestamp));
}

function streamType(opened: Opened & { readonly kind: 'input' | 'output' }): DescriptorType {
  return opened.isTerminal() ? 'character-device' : 'unknown';
}

function typeOf(opened: Opened): DescriptorType {
  switch (opened.kind) {
    case 'file':
      return opened.type;
    case 'directory':
      return 'directory';
    case 'input':
    case 'output':
      return streamType(opened);
  }
}

const FSTFLAG = { accessed: 1, accessedNow: 2, modified: 4, modifiedNow: 8 } as const;
const ALL_FSTFLAGS = 15;

function newTime(flags: number, own: number, now: number, value: bigint): NewTimestamp {
  const [isSet, isNow] = [(flags & own) !== 0, (flags & now) !== 0];
  if (isSet && isNow) return fail('inval');
  if (isNow) return { tag: 'now' };
  if (!isSet) return { tag: 'no-change' };
  return { tag: 'timestamp', val: { seconds: value / NS_PER_S, nanoseconds: Number(value % NS_PER_S) } };
}

/** Access time, modification time and `fstflags`, from the argument at `index` on. */
export function readNewTimes(given: CallArguments, index: number): readonly [NewTimestamp, NewTimestamp] {
  const flags = given.flags(index + 2, ALL_FSTFLAGS);
  return [
    newTime(flags, FSTFLAG.accessed, FSTFLAG.accessedNow, given.u64(index)),
    newTime(flags, FSTFLAG.modified, FSTFLAG.modifiedNow, given.u64(index + 1)),
  ];
}

/** What a descriptor is, and what is known of the file behind it. */
export function createFileStatus({ view, table }: Adapter): Functions {
  return {
    fd_fdstat_get(given) {
      const at = view.place(given.u32(1), FDSTAT_BYTES, 8);
      const opened = table.get(given.u32(0));
      view.setU16(at, filetypeOf(typeOf(opened))); // a byte and its padding
      view.setU16(at + 2, opened.flags);
      view.setU32(at + 4, 0);
      view.setU64(at + 8, opened.rights.base);
      view.setU64(at + 16, opened.rights.inheriting);
    },
    fd_fdstat_set_flags(given) {
      const opened = table.get(given.u32(0));
      const flags = given.flags(1, ALL_FDFLAGS);
      if (opened.kind === 'directory') return fail('badf');
      demand(opened, RIGHT.fdFdstatSetFlags);
      const changeable = FDFLAG.append | FDFLAG.nonblock;
      if ((flags & ~changeable) !== (opened.flags & ~changeable)) return fail('inval');
      opened.flags = flags;
    },
    fd_fdstat_set_rights(given) {
      const opened = table.get(given.u32(0));
      const wanted = { base: given.u64(1), inheriting: given.u64(2) };
      if (!within(wanted, opened.rights)) return fail('notcapable');
      opened.rights = wanted;
    },
    fd_filestat_get(given) {
      const at = view.place(given.u32(1), FILESTAT_BYTES, 8);
      const opened = table.get(given.u32(0));
      demand(opened, RIGHT.fdFilestatGet);
      if (opened.kind === 'input' || opened.kind === 'output') {
        const stat = { type: streamType(opened), linkCount: 0n, size: 0n };
        writeFilestat(view, at, stat, { lower: 0n, upper: 0n });
        return undefined;
      }
      const { descriptor } = opened;
      return after(descriptor.stat(), (stat) =>
        after(descriptor.metadataHash(), (hash) => writeFilestat(view, at, stat, hash)),
      );
    },
    fd_filestat_set_size(given) {
      fileWith(table.get(given.u32(0)), RIGHT.fdFilestatSetSize).descriptor.setSize(given.u64(1));
    },
    fd_filestat_set_times(given) {
      const { descriptor } = fileOrDirectoryWith(table.get(given.u32(0)), RIGHT.fdFilestatSetTimes);
      return descriptor.setTimes(...readNewTimes(given, 1));
    },
    fd_datasync(given) {
      fileOrDirectoryWith(table.get(given.u32(0)), RIGHT.fdDatasync).descriptor.syncData();
    },
    fd_sync(given) {
      fileOrDirectoryWith(table.get(given.u32(0)), RIGHT.fdSync).descriptor.sync();
    },
  };
}
