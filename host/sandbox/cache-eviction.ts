import { randomBytes } from 'node:crypto';
import { lstat, readdir, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** An artefact that lies in the cache. */
interface Entry {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
}

const KEY = /^[0-9a-f]{40}$/;
const LEFTOVER = /^\.(?:new|old)-/;
/** What a process that ended in the middle has left is removed after this long. */
const ABANDONED_MS = 3_600_000;
/**
 * How long nobody takes away what was used last: whoever has loaded an artefact compiles its modules and imports its
 * glue within this time, and needs the folder no more.
 */
const IN_USE_MS = 300_000;

/** A name for a folder that is on its way in (`new`) or out (`old`). */
export const passingName = (kind: 'new' | 'old'): string => `.${kind}-${process.pid}-${randomBytes(6).toString('hex')}`;

/** Notes that an artefact is in use. False if it is not there. */
export async function touchArtefact(directory: string): Promise<boolean> {
  const now = new Date();
  try {
    await utimes(directory, now, now);
    return true;
  } catch (error) {
    // A cache that is made in advance may be read-only: then nobody evicts from it either.
    return error instanceof Error && 'code' in error && ['EROFS', 'EPERM', 'EACCES'].includes(String(error.code));
  }
}

/**
 * Takes the artefacts that were used least recently out of the cache until the rest has at most `maxBytes`, and what
 * ended processes have left. Other processes may do the same at the same time.
 */
export async function evict(root: string, maxBytes: number): Promise<void> {
  const names = await readdir(root);
  for (const name of names.filter((each) => LEFTOVER.test(each))) {
    const path = join(root, name);
    const changed = (await lstat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - changed > ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
  const found = await Promise.all(names.filter((each) => KEY.test(each)).map((name) => entryAt(join(root, name))));
  const entries = found.filter((entry) => entry !== undefined).sort((a, b) => a.usedMs - b.usedMs);
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const entry of entries) {
    if (total <= maxBytes) return;
    if (await remove(root, entry)) total -= entry.bytes;
  }
}

async function entryAt(path: string): Promise<Entry | undefined> {
  const status = await lstat(path).catch(() => undefined);
  if (status === undefined) return undefined;
  const names = status.isDirectory() ? await readdir(path).catch(() => []) : [];
  const sizes = await Promise.all(
    names.map(async (name) => (await lstat(join(path, name)).catch(() => undefined))?.size),
  );
  return { path, bytes: sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0), usedMs: status.mtimeMs };
}

/** False if the artefact is in use. */
async function remove(root: string, { path }: Entry): Promise<boolean> {
  const aside = join(root, passingName('old'));
  if (await isInUse(path)) return false;
  try {
    await rename(path, aside); // at once: nobody finds half of it
  } catch {
    return true; // another process was faster
  }
  // Somebody may have begun to use it between the look and the move: then it goes back, if its place is still free.
  if (await isInUse(aside)) {
    const back = await rename(aside, path).then(
      () => true,
      () => false,
    );
    if (back) return false;
  }
  await rm(aside, { recursive: true, force: true });
  return true;
}

async function isInUse(path: string): Promise<boolean> {
  const status = await lstat(path).catch(() => undefined);
  return status !== undefined && Date.now() - status.mtimeMs < IN_USE_MS;
}
