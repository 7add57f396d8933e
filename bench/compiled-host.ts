import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as host from '../host/index.ts';

const built = join(import.meta.dirname, '..', 'dist', 'host', 'index.js');

/** The compiled host: what an installed package runs. Benchmarks never measure the sources. */
export async function loadHost(): Promise<typeof host> {
  if (!existsSync(built)) throw new Error('run `npm run build` first');
  // The compiled module has the exports of the source that it was made from.
  return (await import(pathToFileURL(built).href)) as typeof host;
}
