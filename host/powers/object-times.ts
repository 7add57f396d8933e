import { fstatSync, utimesSync } from 'node:fs';
import type { NewTime } from '../contracts/file-service.ts';
import { descriptorPath } from './descriptor-path.ts';

/** Sets the times of an open object, to the microsecond: Node takes seconds, and cuts off what is finer. */
export function setTimes(descriptor: number, accessed: NewTime, modified: NewTime): void {
  const { atimeNs, mtimeNs } = fstatSync(descriptor, { bigint: true });
  const now = BigInt(Date.now()) * 1_000_000n;
  utimesSync(descriptorPath(descriptor), secondsOf(accessed, atimeNs, now), secondsOf(modified, mtimeNs, now));
}

function secondsOf(time: NewTime, kept: bigint, now: bigint): number {
  const ns = time === 'keep' ? kept : time === 'now' ? now : time.ns;
  // Half a microsecond more: the nearest number below would be cut to the microsecond before.
  return (Number(ns / 1000n) + 0.5) / 1_000_000;
}
