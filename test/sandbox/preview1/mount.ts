import { fsFixture, type FsFixtureOptions } from '../../gates/fs/fs-fixture.ts';
import { createWasiRun } from '../../wasi/run.ts';
import { E } from './errno.ts';
import { createProgram, type Program } from './program.ts';

export const RIGHTS = {
  read: 1n << 1n,
  seek: 1n << 2n,
  tell: 1n << 5n,
  write: 1n << 6n,
  setSize: 1n << 22n,
  all: (1n << 30n) - 1n,
} as const;
export const RW = RIGHTS.read | RIGHTS.write;
export const OPEN = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
export const APPEND = 1;
export const NONBLOCK = 4;
const FOLLOW = 1;

export interface Opening {
  /** `oflags`. */
  readonly how?: number;
  readonly rights?: bigint;
  readonly fdflags?: number;
  readonly follow?: boolean;
  readonly from?: number;
}

export interface Filestat {
  readonly inode: bigint;
  readonly type: number;
  readonly size: bigint;
  readonly modified: bigint;
  readonly accessed: bigint;
}

export interface Entry {
  readonly name: string;
  readonly type: number;
  readonly inode: bigint;
  readonly next: bigint;
}

/** The number of the first directory that a program was started with. */
export const ROOT = 3;

/** A program with a real directory as `/workspace`, and what it would do through a C library. */
export function mounted(options: FsFixtureOptions = {}) {
  const { mount, ...others } = options;
  const fixture = fsFixture({ ...others, mount: { symlinks: 'inside', ...mount } });
  const run = createWasiRun({ services: { files: fixture.gate.files }, outputBytes: 100_000 });
  const program = createProgram({ imports: run.imports });
  return Object.assign(fixture, { run, program }, actionsOf(program));
}

/** What a C library does with the functions. */
export function actionsOf(program: Program) {
  const text = (given: string): [number, number] => [program.put(given), Buffer.byteLength(given)];

  function tryOpen(path: string, opening: Opening = {}): { readonly errno: number; readonly fd: number } {
    const { how = 0, rights = RW, fdflags = 0, follow = true, from = ROOT } = opening;
    const at = program.room(4);
    const core = [from, follow ? FOLLOW : 0, ...text(path), how, rights, RIGHTS.all, fdflags, at];
    const errno = program.call('path_open', ...core);
    return { errno, fd: program.u32(at) };
  }

  function open(path: string, opening?: Opening): number {
    const { errno, fd } = tryOpen(path, opening);
    if (errno !== E.success) throw new Error(`opening ${path}: errno ${errno}`);
    return fd;
  }

  function readdir(fd: number, size = 4096, cookie = 0n) {
    const [at, used] = [program.room(size), program.room(4)];
    const errno = program.call('fd_readdir', fd, at, size, cookie, used);
    const bytes = program.bytes(at, errno === E.success ? program.u32(used) : 0);
    const entries: Entry[] = [];
    for (let from = 0; from + 24 <= bytes.length;) {
      const length = bytes.readUInt32LE(from + 16);
      if (from + 24 + length > bytes.length) break; // cut off
      entries.push({
        next: bytes.readBigUInt64LE(from),
        inode: bytes.readBigUInt64LE(from + 8),
        type: bytes.readUInt8(from + 20),
        name: bytes.toString('utf8', from + 24, from + 24 + length),
      });
      from += 24 + length;
    }
    return { errno, used: bytes.length, entries };
  }

  const filestat = (at: number): Filestat => ({
    inode: program.u64(at + 8),
    type: program.u32(at + 16) & 0xff,
    size: program.u64(at + 32),
    accessed: program.u64(at + 40),
    modified: program.u64(at + 48),
  });

  return {
    text,
    tryOpen,
    open,
    readdir,
    close: (fd: number) => program.call('fd_close', fd),
    async write(fd: number, contents: string) {
      const result = program.room(4);
      const errno = await program.later('fd_write', fd, program.vectors(text(contents)), 1, result);
      return errno === E.success ? program.u32(result) : -errno;
    },
    async read(fd: number, length = 1000) {
      const [at, result] = [program.room(length), program.room(4)];
      const errno = await program.later('fd_read', fd, program.vectors([at, length]), 1, result);
      return errno === E.success ? program.bytes(at, program.u32(result)).toString() : errno;
    },
    seek(fd: number, delta: bigint, whence: number) {
      const result = program.room(8);
      const errno = program.call('fd_seek', fd, delta, whence, result);
      return errno === E.success ? program.u64(result) : -errno;
    },
    fdstat(fd: number) {
      const at = program.room(24);
      const errno = program.call('fd_fdstat_get', fd, at);
      const [type, flags] = [program.u32(at) & 0xff, program.u32(at) >>> 16];
      return { errno, type, flags, base: program.u64(at + 8), inheriting: program.u64(at + 16) };
    },
    stat(fd: number): Filestat | number {
      const at = program.room(64);
      const errno = program.call('fd_filestat_get', fd, at);
      return errno === E.success ? filestat(at) : errno;
    },
    statAt(path: string, follow = false, from = ROOT): Filestat | number {
      const at = program.room(64);
      const errno = program.call('path_filestat_get', from, follow ? FOLLOW : 0, ...text(path), at);
      return errno === E.success ? filestat(at) : errno;
    },
    mkdir: (path: string, from = ROOT) => program.call('path_create_directory', from, ...text(path)),
    rmdir: (path: string, from = ROOT) => program.call('path_remove_directory', from, ...text(path)),
    unlink: (path: string, from = ROOT) => program.call('path_unlink_file', from, ...text(path)),
    rename: (from: string, to: string) => program.call('path_rename', ROOT, ...text(from), ROOT, ...text(to)),
    symlink: (target: string, path: string) => program.call('path_symlink', ...text(target), ROOT, ...text(path)),
    link: (from: string, to: string, follow = false) =>
      program.call('path_link', ROOT, follow ? FOLLOW : 0, ...text(from), ROOT, ...text(to)),
    readlink(path: string, size = 100) {
      const [at, result] = [program.room(size), program.room(4)];
      const errno = program.call('path_readlink', ROOT, ...text(path), at, size, result);
      return errno === E.success ? program.bytes(at, program.u32(result)).toString() : errno;
    },
  };
}
