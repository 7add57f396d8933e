import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a set of conformance vectors is, or why its tests are skipped. */
export type ConformanceSet =
  { readonly found: true; readonly directory: string } | { readonly found: false; readonly reason: string };

/**
 * Finds a set of vectors: in the folder that `SALLYPORT_CONFORMANCE` names, or in `shared/conformance` beside the
 * checkout. The vectors are not part of the repository, so their absence is a skip; in CI it is a failure.
 */
export function conformanceSet(name: string): ConformanceSet {
  const checkout = fileURLToPath(new URL('../..', import.meta.url));
  const root = process.env['SALLYPORT_CONFORMANCE'] ?? resolve(checkout, '../shared/conformance');
  const directory = join(root, name);
  if (existsSync(directory)) return { found: true, directory };
  const reason = `no conformance vectors \`${name}\`: set SALLYPORT_CONFORMANCE to the folder that has them`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  return { found: false, reason };
}
