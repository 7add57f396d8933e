import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildGuest } from '../../src/build/build-guest.ts';
import { guest, reasonToSkip } from '../support/guests.ts';

const reason = await reasonToSkip('rust');
const workspace = readFileSync(join(import.meta.dirname, '../../guest-examples/Cargo.toml'), 'utf8');
// The profile of the examples: another one would build the standard library once more.
const profile = workspace.slice(workspace.indexOf('[profile.release]'));

describe.skipIf(reason !== undefined)(
  `a Rust guest${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  { timeout: 600_000 },
  () => {
    let folder = '';
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'sallyport-rust-'));
      mkdirSync(join(folder, 'src'));
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));
    const build = (manifest: string, source: string): ReturnType<typeof buildGuest> => {
      writeFileSync(
        join(folder, 'Cargo.toml'),
        `[package]\nname = "broken"\nversion = "0.1.0"\nedition = "2024"\n${manifest}\n${profile}`,
      );
      writeFileSync(join(folder, 'src', 'lib.rs'), source);
      return buildGuest({ directory: folder, output: join(folder, 'out.wasm') });
    };

    it('fails with the last lines of the compiler where it does not compile', async () => {
      const error: unknown = await build('[lib]\ncrate-type = ["cdylib"]', 'pub fn run() -> u32 { "text" }\n').catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: 'ERR_BUILD_FAILED', message: 'cargo failed' });
      expect((error as { hints: string[] }).hints.join('\n')).toMatch(
        /error\[E0308\]: mismatched types[\s\S]*src\/lib\.rs:1/,
      );
    });

    it('is told what its manifest lacks where it builds no module', async () => {
      await expect(build('', 'pub fn run() {}\n')).rejects.toMatchObject({
        code: 'ERR_BUILD_FAILED',
        hints: ['add to it: [lib]', '           crate-type = ["cdylib"]'],
      });
    });

    it('holds no path of this machine', async () => {
      const bytes = readFileSync(await guest('triage', 'rust')).toString('latin1');
      for (const path of [homedir(), process.cwd(), '/usr/', 'registry/src']) expect(bytes).not.toContain(path);
    });

    it('imports only interfaces that its source names, and no WASI', async () => {
      const bytes = readFileSync(await guest('hello', 'rust')).toString('latin1');
      const imports = new Set(bytes.match(/(sallyport:agent|wasi:[a-z]+)\/[a-z-]+@[0-9.]+/g));
      expect([...imports].sort()).toEqual([
        'sallyport:agent/fs@0.1.0',
        'sallyport:agent/log@0.1.0',
        'sallyport:agent/types@0.1.0',
      ]);
    });
  },
);
