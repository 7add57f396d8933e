import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytes, fsFixture, fsTagOf, realFiles, text } from '../../gates/fs/fs-fixture.ts';

/** Mounts a file system of its own on a directory; false where this user may not. */
function mounted(directory: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('F5: a mount ends at the border of its file system', () => {
  it('refuses a process table as the directory of a mount', () => {
    expect(() => realFiles().open('/proc', { access: 'ro' })).toThrow(/is on proc/);
    expect(() => realFiles().open('/sys', { access: 'ro' })).toThrow(/is on sysfs/);
  });

  it('refuses a directory that leads elsewhere than its name says', () => {
    expect(() => realFiles().open('/proc/self/cwd', { access: 'ro' })).toThrow(/cannot be opened|leads elsewhere/);
  });

  it('enters no other file system below a mount', async ({ skip }) => {
    using fixture = fsFixture();
    const { fs, root } = fixture;
    mkdirSync(join(root, 'other'));
    mkdirSync(join(root, 'own'));
    if (!mounted(join(root, 'other'))) return skip('mounting a file system needs the right to do so');
    try {
      writeFileSync(join(root, 'other/f'), 'x');
      mkdirSync(join(root, 'other/d'));
      for (const path of ['/workspace/other/f', '/workspace/other/d/g', '/workspace/other/new']) {
        expect(await fsTagOf(fs.read(path))).toBe('denied:protected-resource');
        expect(await fsTagOf(fs.write(path, bytes('x')))).toBe('denied:protected-resource');
        expect(await fsTagOf(fs.stat(path))).toBe('denied:protected-resource');
      }
      expect(await fsTagOf(fs.list('/workspace/other'))).toBe('denied:protected-resource');
      expect(await fsTagOf(fs.stat('/workspace/other'))).toBe('denied:protected-resource');
      expect(readdirSync(join(root, 'other')).sort()).toEqual(['d', 'f']);
      await fs.write('/workspace/own/f', bytes('own'));
      expect(text(await fs.read('/workspace/own/f'))).toBe('own');
    } finally {
      execFileSync('umount', [join(root, 'other')]);
    }
  });
});
