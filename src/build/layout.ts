import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this package: the one that holds `wit/`, above sources and above compiled files alike. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'wit', 'world.wit')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** The contract that guests are built against, where the caller names no other. */
export const defaultWitDirectory = (): string => join(packageRoot(), 'wit');

/**
 * Where builds keep what they can use again: a Rust target folder and a Python environment. In a clone it is `build/` of
 * the clone, otherwise `build/` of the folder that the command runs in.
 */
export function defaultWorkDirectory(): string {
  const root = packageRoot();
  return /[\\/]node_modules[\\/]/.test(root) ? resolve('build') : join(root, 'build');
}
