import { join } from 'node:path';
import type { Random } from '../contracts/powers.ts';
import { appendError, codeOf } from './append-error.ts';
import type { AuditFiles } from './audit-files.ts';

const FILE = 'log-id';
const ID = /^log-[0-9a-f]{32}$/;

/** The id of the log in an audit directory; made with the directory's first run. Throws `ERR_AUDIT_APPEND`. */
export function logIdOf(directory: string, files: AuditFiles, random: Random): string {
  const path = join(directory, FILE);
  try {
    files.makeDirectory(directory);
    const id = read(path, files) ?? create(path, files, random);
    if (id === undefined || !ID.test(id)) throw new Error('it does not hold the id of a log');
    return id;
  } catch (error) {
    throw appendError(path, error);
  }
}

/** Listing the directory instead would cost more with every run in it. */
function read(path: string, files: AuditFiles): string | undefined {
  try {
    return Buffer.concat([...files.read(path)]).toString('latin1');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function create(path: string, files: AuditFiles, random: Random): string | undefined {
  const id = `log-${Buffer.from(random.bytes(16)).toString('hex')}`;
  let file;
  try {
    file = files.create(path);
  } catch (error) {
    // Another host was faster: its id counts.
    if (codeOf(error) === 'EEXIST') return read(path, files);
    throw error;
  }
  try {
    file.append(Buffer.from(id), id.length);
    return id;
  } catch (error) {
    // Half an id would refuse every later run.
    files.remove(path);
    throw error;
  } finally {
    file.close();
  }
}
