import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** The folders in which programs are looked for: those of PATH, then the system's own. */
export function programFolders(path = process.env['PATH'] ?? ''): string[] {
  return [...new Set([...path.split(delimiter).filter(isAbsolute), '/usr/local/bin', '/usr/bin'])];
}

/** Where a program is; `undefined` for nowhere. */
export function findProgram(name: string, folders: readonly string[] = programFolders()): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isProgram);
}
