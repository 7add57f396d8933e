import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildGuest } from '../../src/build/build-guest.ts';
import { detectToolchains } from '../../src/build/toolchains.ts';

const examples = join(import.meta.dirname, '..', '..', 'guest-examples');

describe('toolchains', { timeout: 60_000 }, () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-toolchains-'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are told for every language, each with the command that brings it', async () => {
    const found = await detectToolchains();
    expect(Object.keys(found)).toEqual(['js', 'rust', 'python']);
    expect(found.js).toMatchObject({ available: true, howToGet: 'npm install --save-dev componentize-qjs@0.4.5' });
    expect(found.rust.howToGet).toContain('rustup target add wasm32-unknown-unknown');
    expect(found.python.howToGet).toContain('pip install componentize-py==');
  });

  it('that are missing fail the build with the command to run', async () => {
    vi.stubEnv('PATH', folder);
    const build = buildGuest({
      directory: join(examples, 'hello/python'),
      output: join(folder, 'out.wasm'),
      workDirectory: folder,
    });
    await expect(build).rejects.toMatchObject({
      code: 'ERR_TOOLCHAIN_MISSING',
      message: 'cannot build Python guests: no componentize-py',
      hints: [expect.stringContaining('pip install componentize-py==')],
      exit: 3,
    });
  });
});
