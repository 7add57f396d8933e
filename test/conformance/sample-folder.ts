import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder for one sample; it goes with the test. */
export function sampleFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-gate-')));
  folders.push(folder);
  return folder;
}
