import { createHmac } from 'node:crypto';
import { fstatSync, type BigIntStats } from 'node:fs';
import type { FileStatus } from '../contracts/file-service.ts';
import type { Random } from '../contracts/powers.ts';
import { typeOf } from './directory-listing.ts';

/** What an open object is. */
export type StatusOf = (descriptor: number) => FileStatus;

/**
 * Reads the status of objects for one run. Their identity is a keyed hash: the numbers of devices and inodes would tell of
 * the machine, and one run could find again what another has seen.
 */
export function createStatusReader(random: Random): StatusOf {
  const key = random.bytes(32);
  const identityOf = ({ dev, ino }: BigIntStats): bigint =>
    createHmac('sha256', key).update(`${dev}:${ino}`).digest().readBigUInt64LE(0);
  return (descriptor) => {
    const stats = fstatSync(descriptor, { bigint: true });
    const type = typeOf(stats);
    return {
      type,
      size: type === 'file' ? stats.size : 0n,
      links: stats.nlink,
      accessedNs: sinceEpoch(stats.atimeNs),
      modifiedNs: sinceEpoch(stats.mtimeNs),
      changedNs: sinceEpoch(stats.ctimeNs),
      identity: identityOf(stats),
    };
  };
}

const sinceEpoch = (ns: bigint): bigint => (ns < 0n ? 0n : ns);
