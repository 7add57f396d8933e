import { fstatSync, statSync, type BigIntStats } from 'node:fs';

/** Which file a path leads to and in which state: changes whenever the file is replaced or written. */
export function fileIdentity(path: string): string | undefined {
  try {
    return identityOf(statSync(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

/** The same for an open file. */
export const descriptorIdentity = (descriptor: number): string => identityOf(fstatSync(descriptor, { bigint: true }));

const identityOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(':');
