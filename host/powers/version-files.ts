import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Random } from '../contracts/powers.ts';
import type { VersionFiles } from '../policy/store/version-files.ts';
import { readRegular } from './text-file.ts';
import { sweepTemporaryFiles, temporaryName } from './temporary-files.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;
/** Of what is there at once, and on the disk later. */
const PASSING: Form = { mode: 0o600, durable: false };

interface Form {
  readonly mode: number;
  /** Waits until it is on the disk. */
  readonly durable: boolean;
}

/** The files of the policy store on this machine. */
export function createVersionFiles(random: Random): VersionFiles {
  /** Writes the bytes under a name that nobody knows, then lets `place` give them their own. */
  function whole(path: string, bytes: Uint8Array, { mode, durable }: Form, place: (temporary: string) => void): void {
    const directory = dirname(path);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const temporary = join(directory, temporaryName(random));
    try {
      const descriptor = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
      try {
        writeFileSync(descriptor, bytes);
        fchmodSync(descriptor, mode); // whatever the umask is
        if (durable) fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      place(temporary);
    } finally {
      rmSync(temporary, { force: true });
    }
    if (durable) syncDirectory(directory);
  }

  return Object.freeze({
    list(directory: string): readonly string[] {
      try {
        const names = readdirSync(directory).sort();
        if (names.some((name) => name.endsWith('.tmp'))) sweepTemporaryFiles(directory);
        return names;
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return [];
        throw error;
      }
    },
    read(path: string, most: number): Uint8Array | undefined {
      try {
        return readRegular(path, most, O_NOFOLLOW);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    },
    replace: (path: string, bytes: Uint8Array, mode: number) =>
      whole(path, bytes, { mode, durable: true }, (temporary) => renameSync(temporary, path)),
    write: (path: string, bytes: Uint8Array) => whole(path, bytes, PASSING, (temporary) => renameSync(temporary, path)),
    create(path: string, bytes: Uint8Array): boolean {
      try {
        whole(path, bytes, PASSING, (temporary) => linkSync(temporary, path));
        return true;
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false;
        throw error;
      }
    },
    async flush(paths: readonly string[]): Promise<void> {
      for (const path of new Set(paths.flatMap((one) => [one, dirname(one)]))) {
        const file = await openIfThere(path);
        if (file === undefined) continue; // it has made way for a newer one
        try {
          await file.sync();
        } finally {
          await file.close();
        }
      }
    },
    ageMs(path: string): number | undefined {
      const stats = lstatSync(path, { throwIfNoEntry: false });
      return stats === undefined ? undefined : Date.now() - stats.mtimeMs;
    },
    size: (path: string) => lstatSync(path, { throwIfNoEntry: false })?.size,
    mode(path: string): number | undefined {
      const stats = lstatSync(path, { throwIfNoEntry: false });
      return stats === undefined ? undefined : stats.mode & 0o777;
    },
    remove: (path: string) => rmSync(path, { force: true }),
  });
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, O_RDONLY | O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, O_RDONLY);
  try {
    if (fstatSync(descriptor).isDirectory()) fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
