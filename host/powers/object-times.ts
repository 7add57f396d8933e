import { fstatSync, utimesSync } from 'node:fs';
import type { NewTime } from '../contracts/file-service.ts';
import { descriptorPath } from './descriptor-path.ts';
import { PosixRefusal } from './posix-refusal.ts';

/** Sets the times of an open object, to within a microsecond: Node takes seconds, which hold no finer fractions. */
export function setTimes(descriptor: number, accessed: NewTime, modified: NewTime): void {
  const { atimeNs, mtimeNs } = fstatSync(descriptor, { bigint: true });
  const now = BigInt(Date.now()) * 1_000_000n;
  utimesSync(descriptorPath(descriptor), secondsOf(accessed, atimeNs, now), secondsOf(modified, mtimeNs, now));
}

/** What fits into 64 bits: the year 2262. */
const LATEST_NS = 2n ** 63n - 1n;

function secondsOf(time: NewTime, kept: bigint, now: bigint): number {
  if (typeof time === 'object' && (time.ns < 0n || time.ns > LATEST_NS)) throw new PosixRefusal('invalid');
  const ns = time === 'keep' ? kept : time === 'now' ? now : time.ns;
  return Number(ns) / 1e9;
}
