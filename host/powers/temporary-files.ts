import { lstatSync, opendirSync, unlinkSync } from 'node:fs';
import type { Random } from '../contracts/powers.ts';

const FORM = /^\.sallyport-[0-9a-f]{24}\.tmp$/;
/** No write takes that long: an older one was killed, and what it left stands in nobody's way. */
const STALE_MS = 10 * 60 * 1000;
const MOST_LOOKED_AT = 4096;

/** A new name for contents that are not complete. Guests can neither ask for such a name nor see it. */
export const temporaryName = (random: Random): string =>
  `.sallyport-${Buffer.from(random.bytes(12)).toString('hex')}.tmp`;

/** Removes from a directory what writes have left that were killed, within its first few thousand entries. */
export function sweepTemporaryFiles(folder: string): void {
  const directory = opendirSync(folder, { encoding: 'latin1', bufferSize: 256 });
  try {
    for (let seen = 0; seen < MOST_LOOKED_AT; seen += 1) {
      const entry = directory.readSync();
      if (entry === null) return;
      if (FORM.test(entry.name)) removeStale(`${folder}/${entry.name}`);
    }
  } finally {
    directory.closeSync();
  }
}

function removeStale(path: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() !== true || Date.now() - stats.mtimeMs < STALE_MS) return;
  try {
    unlinkSync(path);
  } catch {
    // another run was faster, or the directory does not let this one: it is only tidying up
  }
}
