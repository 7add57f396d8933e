import { join } from 'node:path';
import type { AuditFiles } from './audit-files.ts';

/** Room on the disk that is kept free, so that a full disk cannot hide how a run ended. */

const NAME = 'reserve';
const BYTES = 1024 * 1024;

/** Makes the reserve of an audit directory, if it has none. Throws the error of the system if there is no room. */
export function keepReserve(directory: string, files: AuditFiles): void {
  const path = join(directory, NAME);
  let file;
  try {
    file = files.create(path);
  } catch (error) {
    if (isTaken(error)) return;
    throw error;
  }
  try {
    file.append(new Uint8Array(BYTES), BYTES);
  } catch (error) {
    files.remove(path);
    throw error;
  } finally {
    file.close();
  }
}

/** Gives the reserve up. False if there was none. The next run makes a new one, or is refused. */
export function spendReserve(directory: string, files: AuditFiles): boolean {
  try {
    files.remove(join(directory, NAME));
    return true;
  } catch {
    return false;
  }
}

const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';
