import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import type * as ffiModule from 'node:ffi';
import { descriptorPath, O_PATH } from './descriptor-path.ts';

/** Opens names below a directory in one call of the kernel, which follows nothing on the way. Linux 5.6. */
export interface Openat2 {
  /**
   * A descriptor of `path` below the directory `root`; `undefined` for whatever is the reason why not. Nothing was
   * opened then that does not lie below, and the caller walks, to find it after all or to learn what is the matter.
   */
  open(root: number, path: string, flags: number): number | undefined;
  /** Closes a descriptor that `open` gave. Node, asked to, would warn of each: it keeps books on those of its own. */
  close(descriptor: number): void;
}

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** Node sets it on whatever it opens: no child inherits the descriptor. */
const O_CLOEXEC = 0x80000;
/** RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_XDEV of `linux/openat2.h`. */
const RESOLVE = 0x08n | 0x04n | 0x02n | 0x01n;
const HOW_BYTES = 24n;
/** The call has one number on every machine whose `struct open_how` and flags are known here. */
const NUMBER = 437n;
const MACHINES: readonly string[] = ['x64', 'arm64'];
const MOST_PATH = 4096;

/** What is called of the C library. */
interface Calls {
  readonly syscall: (number: bigint, root: number, path: Uint8Array, how: Uint8Array, bytes: bigint) => number;
  readonly close: (descriptor: number) => number;
}

/** The call, if this process may make it and it does here what it must do; tried, not assumed. */
export function createOpenat2(): Openat2 | undefined {
  const calls = systemCalls();
  if (calls === undefined) return undefined;
  const openat2 = createCaller(calls);
  return holds(openat2) ? openat2 : undefined;
}

function systemCalls(): Calls | undefined {
  if (process.platform !== 'linux' || !MACHINES.includes(process.arch)) return undefined;
  try {
    // The type says that every module is there; one that is switched off is not.
    const ffi = process.getBuiltinModule('node:ffi') as typeof ffiModule | undefined;
    return ffi?.dlopen(null, {
      syscall: { arguments: ['int64', 'int32', 'buffer', 'buffer', 'uint64'], return: 'int32' },
      close: { arguments: ['int32'], return: 'int32' },
    }).functions;
  } catch {
    return undefined; // the permission model forbids it, or there is no such symbol
  }
}

function createCaller({ syscall, close }: Calls): Openat2 {
  const text = Buffer.alloc(3 * MOST_PATH + 1);
  const how = Buffer.alloc(Number(HOW_BYTES));
  how.writeBigUInt64LE(RESOLVE, 16);
  return Object.freeze({
    open(root: number, path: string, flags: number): number | undefined {
      // CWE-158: the kernel reads up to the first NUL, which would be another name than the one that was decided.
      if (path.length > MOST_PATH || path.includes('\0')) return undefined;
      text[text.write(path, 'utf8')] = 0;
      how.writeUInt32LE((flags | O_CLOEXEC) >>> 0, 0);
      const descriptor = syscall(NUMBER, root, text, how, HOW_BYTES);
      return descriptor < 0 ? undefined : descriptor;
    },
    close: (descriptor: number) => void close(descriptor),
  });
}

/** Whether it finds what is below, and neither what is above nor what a link of the kernel's leads to. */
function holds(openat2: Openat2): boolean {
  let root: number | undefined;
  try {
    root = openSync('/proc/self', O_PATH | O_DIRECTORY);
    const below = openat2.open(root, 'task', O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (below === undefined) return false;
    const known = openSync(`${descriptorPath(root)}/task`, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    const same = fstatSync(below).ino === fstatSync(known).ino;
    closeSync(known);
    openat2.close(below);
    return same && ['..', 'cwd', 'task/../../self', 'root/etc'].every((path) => refuses(openat2, root ?? -1, path));
  } catch {
    return false;
  } finally {
    if (root !== undefined) closeSync(root);
  }
}

function refuses(openat2: Openat2, root: number, path: string): boolean {
  const descriptor = openat2.open(root, path, O_RDONLY);
  if (descriptor === undefined) return true;
  openat2.close(descriptor);
  return false;
}
