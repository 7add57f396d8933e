import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildGuest } from '../../src/build/build-guest.ts';

const root = join(import.meta.dirname, '..', '..');
const built = join(root, 'build', 'guests');

/** What a guest's source file is called. */
const SOURCE = { js: 'guest.js', python: 'app.py' } as const;

/** Builds a guest from its source text, unless the same text was built before. */
export async function inlineGuest(source: string, language: keyof typeof SOURCE = 'js'): Promise<string> {
  const hash = createHash('sha256').update(source);
  // A guest is bound to the contract that it was built against.
  for (const file of readdirSync(join(root, 'wit')).sort()) hash.update(readFileSync(join(root, 'wit', file)));
  const output = join(built, `inline-${hash.digest('hex').slice(0, 16)}.wasm`);
  if (existsSync(output)) return output;
  mkdirSync(built, { recursive: true });
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-guest-'));
  try {
    writeFileSync(join(directory, SOURCE[language]), source);
    await buildGuest({ language, directory, output });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return output;
}
