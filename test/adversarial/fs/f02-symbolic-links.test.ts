import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytes, fsFixture, fsTagOf, text } from '../../gates/fs/fs-fixture.ts';

function planted() {
  const fixture = fsFixture();
  const { root, outside } = fixture;
  writeFileSync(join(outside, 'secret'), 'outside');
  mkdirSync(join(root, 'd'));
  writeFileSync(join(root, 'd/f'), 'inside');
  for (const [name, target] of [
    ['to-file', join(outside, 'secret')],
    ['to-relative-file', '../outside/secret'],
    ['to-inside-file', 'd/f'],
    ['to-nothing', join(outside, 'new')],
    ['to-directory', outside],
    ['to-inside-directory', 'd'],
    ['to-root', '/'],
    ['to-self', 'to-self'],
    ['to-magic', '/proc/self/cwd'],
  ] as const) {
    symlinkSync(target, join(root, name));
  }
  return fixture;
}

const LINKS = ['to-file', 'to-relative-file', 'to-inside-file', 'to-nothing', 'to-self', 'to-directory', 'to-magic'];

describe('F2: no operation follows a symbolic link', () => {
  it.each(LINKS)('neither reads, writes, renames nor removes `%s`', async (name) => {
    using fixture = planted();
    const { fs, root, outside } = fixture;
    const path = `/workspace/${name}`;
    const link = readlinkSync(join(root, name));
    expect(await fsTagOf(fs.read(path))).toBe('not-a-file');
    expect(await fsTagOf(fs.write(path, bytes('x')))).toBe('not-a-file');
    expect(await fsTagOf(fs.append(path, bytes('x')))).toBe('not-a-file');
    expect(await fsTagOf(fs.list(path))).toBe('not-a-directory');
    expect(await fsTagOf(fs.remove(path))).toBe('not-a-file');
    expect(await fsTagOf(fs.rename(path, '/workspace/moved'))).toBe('not-a-file');
    expect(await fsTagOf(fs.rename('/workspace/d/f', path))).toBe('not-a-file');
    expect(await fsTagOf(fs.makeDirectory(path))).toBe('already-exists');
    expect(await fs.stat(path)).toMatchObject({ kind: 'other', size: 0n });
    expect(readlinkSync(join(root, name))).toBe(link);
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('outside');
    expect(readFileSync(join(root, 'd/f'), 'utf8')).toBe('inside');
    expect(fixture.faults).toEqual([]);
  });

  it.each([
    'to-directory/secret',
    'to-inside-directory/f',
    'to-root/etc/hostname',
    'to-magic/package.json',
    'to-self/x',
    'to-file/x',
  ])('reaches nothing through `%s`', async (name) => {
    using fixture = planted();
    const { fs, outside } = fixture;
    const path = `/workspace/${name}`;
    expect(await fsTagOf(fs.read(path))).toBe('not-a-directory');
    expect(await fsTagOf(fs.write(path, bytes('x')))).toBe('not-a-directory');
    expect(await fsTagOf(fs.makeDirectory(path))).toBe('not-a-directory');
    expect(await fsTagOf(fs.remove(path))).toBe('not-a-directory');
    expect(await fsTagOf(fs.stat(path))).toBe('not-a-directory');
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('outside');
    expect(existsSync(join(outside, 'x'))).toBe(false);
  });

  it('does not follow a link that takes the place of a directory it has used', async () => {
    using fixture = planted();
    const { fs, root, outside } = fixture;
    expect(text(await fs.read('/workspace/d/f'))).toBe('inside');
    renameSync(join(root, 'd'), join(root, 'away'));
    symlinkSync(outside, join(root, 'd'));
    expect(await fsTagOf(fs.read('/workspace/d/secret'))).toBe('not-a-directory');
    expect(await fsTagOf(fs.write('/workspace/d/new', bytes('x')))).toBe('not-a-directory');
    expect(text(await fs.read('/workspace/away/f'))).toBe('inside');
    expect(readdirSync(outside)).toEqual(['secret']);
  });

  it('shows a link in a listing as `other`, without its target', async () => {
    using fixture = planted();
    const { entries } = await fixture.fs.list('/workspace');
    expect(entries.find(({ name }) => name === 'to-file')).toEqual({ name: 'to-file', kind: 'other' });
    expect(JSON.stringify(entries)).not.toContain('outside');
  });

  it('uses the files and directories beside them', async () => {
    using fixture = planted();
    expect(text(await fixture.fs.read('/workspace/d/f'))).toBe('inside');
    await fixture.fs.write('/workspace/d/g', bytes('new'));
    expect(readFileSync(join(fixture.root, 'd/g'), 'utf8')).toBe('new');
  });
});
