import { fstatSync, utimesSync } from 'node:fs';
import type * as ffiModule from 'node:ffi';
import type { NewTime } from '../contracts/file-service.ts';
import { descriptorPath } from './descriptor-path.ts';
import { PosixRefusal } from './posix-refusal.ts';

/** Sets the times of an open object. */
export type SetTimes = (descriptor: number, accessed: NewTime, modified: NewTime) => void;

/** The call of the C library: whether it did it. */
type Utimensat = (path: Uint8Array, times: Uint8Array) => boolean;

const NS_PER_S = 1_000_000_000n;
/** What fits into 64 bits: the year 2262. */
const LATEST_NS = 2n ** 63n - 1n;
/** Of `linux/stat.h`: in place of nanoseconds. */
const UTIME_NOW = (1n << 30n) - 1n;
const UTIME_OMIT = (1n << 30n) - 2n;
const AT_FDCWD = -100;
const TIMESPEC_BYTES = 16;
const MACHINES: readonly string[] = ['x64', 'arm64'];

/** To the nanosecond where the C library can be called; by Node to within a microsecond. It is looked for at the first use. */
export function createTimesSetter(): SetTimes {
  let known: { readonly call: Utimensat | undefined } | undefined;
  const times = Buffer.alloc(2 * TIMESPEC_BYTES);
  return (descriptor, accessed, modified) => {
    checkTime(accessed);
    checkTime(modified);
    known ??= { call: openUtimensat() };
    writeTime(times, 0, accessed);
    writeTime(times, TIMESPEC_BYTES, modified);
    const path = Buffer.from(`${descriptorPath(descriptor)}\0`);
    // Where it fails, Node's own call says why.
    if (known.call?.(path, times) !== true) setByNode(descriptor, accessed, modified);
  };
}

function openUtimensat(): Utimensat | undefined {
  if (process.platform !== 'linux' || !MACHINES.includes(process.arch)) return undefined;
  try {
    // The type says that every module is there; one that is switched off is not.
    const ffi = process.getBuiltinModule('node:ffi') as typeof ffiModule | undefined;
    const functions = ffi?.dlopen(null, {
      utimensat: { arguments: ['int32', 'buffer', 'buffer', 'int32'], return: 'int32' },
    }).functions;
    return functions && ((path, times) => functions.utimensat(AT_FDCWD, path, times, 0) === 0);
  } catch {
    return undefined; // the permission model forbids it, or there is no such symbol
  }
}

function checkTime(time: NewTime): void {
  if (typeof time === 'object' && (time.ns < 0n || time.ns > LATEST_NS)) throw new PosixRefusal('invalid');
}

function writeTime(times: Buffer, at: number, time: NewTime): void {
  const given = typeof time === 'object';
  times.writeBigInt64LE(given ? time.ns / NS_PER_S : 0n, at);
  times.writeBigInt64LE(given ? time.ns % NS_PER_S : time === 'now' ? UTIME_NOW : UTIME_OMIT, at + 8);
}

function setByNode(descriptor: number, accessed: NewTime, modified: NewTime): void {
  const { atimeNs, mtimeNs } = fstatSync(descriptor, { bigint: true });
  const now = BigInt(Date.now()) * 1_000_000n;
  // Node takes seconds, which hold no finer fractions.
  const secondsOf = (time: NewTime, kept: bigint): number =>
    Number(time === 'keep' ? kept : time === 'now' ? now : time.ns) / 1e9;
  utimesSync(descriptorPath(descriptor), secondsOf(accessed, atimeNs), secondsOf(modified, mtimeNs));
}
