import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, stat } from 'node:fs/promises';
import { HostError } from '../contracts/errors.ts';

/** The most that is read of one file: no prepared module or glue comes near it. */
const FILE_BYTES = 512 * 1_048_576;
const OTHERS_WRITE = 0o022;

/**
 * Makes the folder of the cache if it is not there, and refuses one to which somebody else can write: whoever can
 * change what lies in it changes what runs in the host (CWE-379, CWE-732).
 */
export async function openCacheFolder(root: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  const status = await stat(root);
  if (isOurs(status)) return;
  const own = (status.mode & OTHERS_WRITE) !== 0;
  throw new HostError('ERR_PREPARE_FAILED', `the cache \`${root}\` can be written to by others`, {
    hints: own ? [`chmod go-w ${root}`] : ['make `cache.directory` a folder that belongs to the user of this host'],
  });
}

/** Whether there is a folder of that name itself, not a link to one, and nobody else writes to it. */
export async function isOwnFolder(path: string): Promise<boolean> {
  const status = await lstat(path).catch(() => undefined);
  return status?.isDirectory() === true && isOurs(status);
}

/** Reads a regular file that nobody else writes; follows no link (CWE-59), waits for no pipe. */
export async function readRegularFile(path: string): Promise<Buffer> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const status = await file.stat();
  if (!status.isFile() || !isOurs(status) || status.size > FILE_BYTES) throw new TypeError('not a file of the cache');
  return await file.readFile();
}

function isOurs({ mode, uid }: Stats): boolean {
  if (process.getuid === undefined) return true; // no such owners on this platform
  return (uid === process.getuid() || uid === 0) && (mode & OTHERS_WRITE) === 0;
}
