import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildGuest } from '../../src/build/build-guest.ts';

const built = join(import.meta.dirname, '..', '..', 'build', 'guests');

/** Builds a JavaScript guest from its source text, unless the same text was built before. */
export async function inlineGuest(source: string): Promise<string> {
  const output = join(built, `inline-${createHash('sha256').update(source).digest('hex').slice(0, 16)}.wasm`);
  if (existsSync(output)) return output;
  mkdirSync(built, { recursive: true });
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-guest-'));
  try {
    writeFileSync(join(directory, 'guest.js'), source);
    const made = join(directory, 'guest.wasm');
    await buildGuest({ language: 'js', directory, output: made });
    renameSync(made, output);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return output;
}
