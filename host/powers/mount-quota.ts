import { closeSync, constants, fstatSync, lstatSync, openSync, opendirSync } from 'node:fs';
import type { QuotaLimits } from '../gates/fs/files.ts';
import { descriptorPath, O_PATH } from './descriptor-path.ts';
import { errnoOf, FileRefusal } from './file-refusal.ts';

const { O_DIRECTORY, O_NOFOLLOW } = constants;
/** No guest names anything deeper. */
const MOST_DEPTH = 64;
/** Counting takes at most a twentieth of the time, and what others change is seen as soon as that allows. */
const REST = 20;
const LEAST_REST_MS = 50;

/** By how much an effect makes a mount larger. Less than nothing where it makes it smaller. */
export interface Growth {
  readonly bytes: number;
  readonly files: number;
}

/** What a mount may hold. */
export interface MountQuota {
  /** Performs an effect that needs room; refuses it with `no-space` before anything happened. */
  within<Value>(growth: Growth, act: () => Value): Value;
}

/** A quota that nothing exceeds. */
export const NO_QUOTA: MountQuota = Object.freeze({
  within: <Value>(_: Growth, act: () => Value) => act(),
});

/**
 * The quota of the tree below `root`. What is there is counted before the first change and again now and then, so it
 * holds across runs and sees what others do; between two counts the run keeps its own account.
 */
export function createMountQuota(root: number, limits: QuotaLimits): MountQuota {
  let used: Growth = FULL;
  let countedAt = -Infinity;
  let rest = 0;

  function count(): void {
    const started = performance.now();
    used = usageBelow(root, limits.files);
    countedAt = performance.now();
    rest = Math.max(LEAST_REST_MS, REST * (countedAt - started));
  }

  const fits = ({ bytes, files }: Growth): boolean =>
    (bytes <= 0 || used.bytes + bytes <= limits.bytes) && (files <= 0 || used.files + files <= limits.files);

  function account({ bytes, files }: Growth, sign: 1 | -1): void {
    used = { bytes: used.bytes + sign * bytes, files: used.files + sign * files };
  }

  return Object.freeze({
    within<Value>(growth: Growth, act: () => Value): Value {
      if (performance.now() - countedAt > rest) count();
      if (!fits(growth)) throw new FileRefusal('no-space');
      account(growth, 1);
      try {
        return act();
      } catch (error) {
        account(growth, -1);
        throw error;
      }
    },
  });
}

/** More than was counted: nothing may grow. */
const FULL: Growth = { bytes: Infinity, files: Infinity };

/** The sizes that files show, and how many entries there are; `FULL` beyond `most` entries. */
function usageBelow(root: number, most: number): Growth {
  const tally = { bytes: 0, files: 0, most };
  const { dev } = fstatSync(root);
  return countDirectory(root, dev, 0, tally) ? { bytes: tally.bytes, files: tally.files } : FULL;
}

interface Tally {
  bytes: number;
  files: number;
  readonly most: number;
}

/** Adds what is in a directory and below it; false as soon as there is too much. */
function countDirectory(descriptor: number, device: number, depth: number, tally: Tally): boolean {
  const folders: Buffer[] = [];
  const directory = opendirSync(descriptorPath(descriptor), { encoding: 'latin1', bufferSize: 1024 });
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      if ((tally.files += 1) > tally.most) return false;
      // A name need not be UTF-8: as Latin-1 every byte survives.
      const path = Buffer.from(`${descriptorPath(descriptor)}/${entry.name}`, 'latin1');
      if (entry.isDirectory()) folders.push(path);
      else tally.bytes += lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
    }
  } finally {
    directory.closeSync();
  }
  return depth >= MOST_DEPTH || folders.every((path) => countBelow(path, device, depth + 1, tally));
}

function countBelow(path: Buffer, device: number, depth: number, tally: Tally): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (GONE.has(errnoOf(error))) return true;
    throw error;
  }
  try {
    return fstatSync(descriptor).dev !== device || countDirectory(descriptor, device, depth, tally);
  } catch (error) {
    if (errnoOf(error) === 'EACCES') return true; // who cannot read it cannot write in it through this host either
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** It was exchanged while its directory was read. */
const GONE: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);
