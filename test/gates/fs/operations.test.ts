import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytes, fsFixture, fsTagOf, text } from './fs-fixture.ts';

describe('the fs gate', () => {
  it('reads a whole file and a part of it', async () => {
    using fixture = fsFixture();
    const { fs, root } = fixture;
    mkdirSync(join(root, 'a/b'), { recursive: true });
    writeFileSync(join(root, 'a/b/f.txt'), '0123456789');
    expect(text(await fs.read('/workspace/a/b/f.txt'))).toBe('0123456789');
    expect(text(await fs.read('/workspace/a/b/f.txt', { offset: 3n, length: 4n }))).toBe('3456');
    expect(text(await fs.read('/workspace/a/b/f.txt', { offset: 8n, length: 100n }))).toBe('89');
    expect(text(await fs.read('/workspace/a/b/f.txt', { offset: 1n << 63n, length: (1n << 64n) - 1n }))).toBe('');
  });

  it('replaces a file in one step, keeps its mode and leaves no temporary file', async () => {
    using fixture = fsFixture();
    const { fs, root } = fixture;
    writeFileSync(join(root, 'f'), 'old');
    chmodSync(join(root, 'f'), 0o640);
    const before = statSync(join(root, 'f')).ino;
    await fs.write('/workspace/f', bytes('new'));
    expect(readFileSync(join(root, 'f'), 'utf8')).toBe('new');
    expect(statSync(join(root, 'f')).mode & 0o777).toBe(0o640);
    expect(statSync(join(root, 'f')).ino).not.toBe(before);
    expect(readdirSync(root)).toEqual(['f']);
  });

  it('creates and appends', async () => {
    using fixture = fsFixture({ mount: { sync: true } });
    const { fs, root } = fixture;
    await fs.write('/workspace/new', bytes('a'));
    await fs.append('/workspace/new', bytes('b'));
    await fs.append('/workspace/log', bytes('c'));
    expect(readFileSync(join(root, 'new'), 'utf8')).toBe('ab');
    expect(readFileSync(join(root, 'log'), 'utf8')).toBe('c');
  });

  it('makes, lists, renames and removes', async () => {
    using fixture = fsFixture();
    const { fs } = fixture;
    await fs.makeDirectory('/workspace/d');
    await fs.write('/workspace/d/x', bytes('1'));
    await fs.rename('/workspace/d/x', '/workspace/y');
    expect((await fs.list('/workspace')).entries).toEqual([
      { name: 'd', kind: 'directory' },
      { name: 'y', kind: 'file' },
    ]);
    await fs.remove('/workspace/d');
    await fs.remove('/workspace/y');
    expect(await fs.list('/workspace')).toEqual({ entries: [], next: undefined });
  });

  it('says what a name stands for without ids of the host', async () => {
    using fixture = fsFixture();
    const { fs, root } = fixture;
    writeFileSync(join(root, 'f'), 'four');
    const { mtimeMs } = statSync(join(root, 'f'));
    expect(await fs.stat('/workspace/f')).toEqual({ kind: 'file', size: 4n, modifiedMs: BigInt(Math.floor(mtimeMs)) });
    expect(await fs.stat('/workspace')).toMatchObject({ kind: 'directory', size: 0n });
  });

  it.each([
    ['read', '/workspace/none', 'not-found'],
    ['read', '/workspace/none/x', 'not-found'],
    ['read', '/workspace/f/x', 'not-a-directory'],
    ['read', '/workspace/d', 'not-a-file'],
    ['read', '/workspace', 'not-a-file'],
    ['list', '/workspace/f', 'not-a-directory'],
    ['stat', '/workspace/none', 'not-found'],
    ['makeDirectory', '/workspace/d', 'already-exists'],
    ['makeDirectory', '/workspace/none/d', 'not-found'],
    ['makeDirectory', '/workspace', 'already-exists'],
    ['remove', '/workspace/none', 'not-found'],
    ['remove', '/workspace/d', 'not-empty'],
    ['remove', '/workspace', 'denied:protected-resource'],
    ['read', '/elsewhere/f', 'not-found'],
    ['list', '/', 'not-found'],
  ] as const)('%s of %s ends in %s', async (operation, path, tag) => {
    using fixture = fsFixture();
    const { fs, root, faults } = fixture;
    writeFileSync(join(root, 'f'), '');
    mkdirSync(join(root, 'd'));
    writeFileSync(join(root, 'd/x'), '');
    expect(await fsTagOf(fs[operation](path))).toBe(tag);
    expect(faults).toEqual([]);
  });

  it('refuses to write over a directory and to rename one', async () => {
    using fixture = fsFixture();
    const { fs, root } = fixture;
    mkdirSync(join(root, 'd'));
    writeFileSync(join(root, 'f'), '');
    expect(await fsTagOf(fs.write('/workspace/d', bytes('')))).toBe('not-a-file');
    expect(await fsTagOf(fs.append('/workspace/d', bytes('')))).toBe('not-a-file');
    expect(await fsTagOf(fs.rename('/workspace/d', '/workspace/e'))).toBe('not-a-file');
    expect(await fsTagOf(fs.rename('/workspace/f', '/workspace/d'))).toBe('not-a-file');
    expect(await fsTagOf(fs.rename('/workspace/none', '/workspace/x'))).toBe('not-found');
  });

  it('changes nothing in a read-only mount', async () => {
    using fixture = fsFixture({ mount: { access: 'ro' } });
    const { fs, root } = fixture;
    writeFileSync(join(root, 'f'), 'kept');
    expect(await fsTagOf(fs.write('/workspace/f', bytes('x')))).toBe('read-only');
    expect(await fsTagOf(fs.append('/workspace/f', bytes('x')))).toBe('read-only');
    expect(await fsTagOf(fs.makeDirectory('/workspace/d'))).toBe('read-only');
    expect(await fsTagOf(fs.remove('/workspace/f'))).toBe('read-only');
    expect(await fsTagOf(fs.rename('/workspace/f', '/workspace/g'))).toBe('read-only');
    expect(text(await fs.read('/workspace/f'))).toBe('kept');
    expect(readdirSync(root)).toEqual(['f']);
  });

  it('answers `internal` for a fault of the host and tells only the operator', async () => {
    using fixture = fsFixture({
      files: (real) => ({
        open: (directory, shape) => ({
          ...real.open(directory, shape),
          read: () => {
            throw new Error('EIO on a disk of the host');
          },
        }),
      }),
    });
    expect(await fsTagOf(fixture.fs.read('/workspace/f'))).toBe('internal');
    expect(fixture.faults).toHaveLength(1);
  });
});
