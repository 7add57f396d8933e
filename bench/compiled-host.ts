import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as host from '../host/index.ts';

const folder = join(import.meta.dirname, '..', 'dist', 'host');
const built = join(folder, 'index.js');

/** The compiled file of one of the host's own programs. */
export const programOfHost = (path: string): string => join(folder, path);

/** The compiled host: what an installed package runs. Benchmarks never measure the sources. */
export async function loadHost(): Promise<typeof host> {
  if (!existsSync(built)) throw new Error('run `npm run build` first');
  // The compiled module has the exports of the source that it was made from.
  return (await import(pathToFileURL(built).href)) as typeof host;
}
