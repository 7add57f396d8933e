import { hash } from 'node:crypto';
import type { FileStatus, FileType, NewTime } from '../contracts/file-service.ts';

/** The enum `descriptor-type`. */
export type DescriptorType = 'unknown' | 'directory' | 'symbolic-link' | 'regular-file';

/** The record `datetime` of `wasi:clocks/wall-clock`. */
export interface Datetime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

/** The variant `new-timestamp`. */
export type NewTimestamp =
  { readonly tag: 'no-change' } | { readonly tag: 'now' } | { readonly tag: 'timestamp'; readonly val: Datetime };

/** The record `descriptor-stat`. */
export interface DescriptorStat {
  readonly type: DescriptorType;
  readonly linkCount: bigint;
  readonly size: bigint;
  readonly dataAccessTimestamp: Datetime | undefined;
  readonly dataModificationTimestamp: Datetime | undefined;
  readonly statusChangeTimestamp: Datetime | undefined;
}

/** The record `metadata-hash-value`. */
export interface MetadataHash {
  readonly lower: bigint;
  readonly upper: bigint;
}

const NS_PER_S = 1_000_000_000n;

const TYPES: Readonly<Record<FileType, DescriptorType>> = {
  file: 'regular-file',
  directory: 'directory',
  link: 'symbolic-link',
  other: 'unknown',
};

export const descriptorTypeOf = (type: FileType): DescriptorType => TYPES[type];

/** A time before 1970 has no form in the WIT. */
function datetimeOf(ns: bigint): Datetime | undefined {
  return ns < 0n ? undefined : { seconds: ns / NS_PER_S, nanoseconds: Number(ns % NS_PER_S) };
}

export function statOf(status: FileStatus): DescriptorStat {
  return {
    type: descriptorTypeOf(status.type),
    linkCount: status.links,
    size: status.size,
    dataAccessTimestamp: datetimeOf(status.accessedNs),
    dataModificationTimestamp: datetimeOf(status.modifiedNs),
    statusChangeTimestamp: datetimeOf(status.changedNs),
  };
}

/** `undefined` for nanoseconds that are a second or more. */
export function newTimeOf(timestamp: NewTimestamp): NewTime | undefined {
  switch (timestamp.tag) {
    case 'no-change':
      return 'keep';
    case 'now':
      return 'now';
    case 'timestamp': {
      const { seconds, nanoseconds } = timestamp.val;
      return nanoseconds < NS_PER_S ? { ns: seconds * NS_PER_S + BigInt(nanoseconds) } : undefined;
    }
  }
}

/**
 * C libraries show the lower half as the number of the inode, which must not change where a file is written: it stands
 * for the object alone. The upper half changes with what is in it.
 */
export function metadataHashOf({ identity, size, modifiedNs, changedNs }: FileStatus): MetadataHash {
  const changing = hash('sha256', [identity, size, modifiedNs, changedNs].join(' '), 'buffer');
  return { lower: BigInt.asUintN(64, identity), upper: changing.readBigUInt64LE(0) };
}
