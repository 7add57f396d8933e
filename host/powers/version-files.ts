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
import { dirname, join } from 'node:path';
import type { Random } from '../contracts/powers.ts';
import type { VersionFiles } from '../policy/store/version-files.ts';
import { readRegular } from './text-file.ts';
import { sweepTemporaryFiles, temporaryName } from './temporary-files.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;
const OWNER_ONLY = 0o600;

/** The files of the policy store on this machine. */
export function createVersionFiles(random: Random): VersionFiles {
  /** Writes the bytes under a name that nobody knows, then lets `place` give them their own. */
  function whole(path: string, bytes: Uint8Array, mode: number, place: (temporary: string) => void): void {
    const directory = dirname(path);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const temporary = join(directory, temporaryName(random));
    try {
      const descriptor = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
      try {
        writeFileSync(descriptor, bytes);
        fchmodSync(descriptor, mode); // whatever the umask is
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      place(temporary);
    } finally {
      rmSync(temporary, { force: true });
    }
    syncDirectory(directory);
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
        return readRegular(path, most, O_NOFOLLOW).bytes;
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    },
    write: (path: string, bytes: Uint8Array, mode: number = OWNER_ONLY) =>
      whole(path, bytes, mode, (temporary) => renameSync(temporary, path)),
    create(path: string, bytes: Uint8Array): boolean {
      try {
        whole(path, bytes, OWNER_ONLY, (temporary) => linkSync(temporary, path));
        return true;
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false;
        throw error;
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

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, O_RDONLY);
  try {
    if (fstatSync(descriptor).isDirectory()) fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
