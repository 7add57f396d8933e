import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { E } from './errno.ts';
import { mounted, OPEN, RIGHTS, ROOT } from './mount.ts';

describe('renaming', () => {
  it('moves a directory with what is in it, to a name that is free or an empty directory', () => {
    using m = mounted();
    m.mkdir('source');
    m.close(m.open('source/file', { how: OPEN.create }));
    expect(m.rename('source/', 'target/')).toBe(E.success);
    expect(readdirSync(join(m.root, 'target'))).toEqual(['file']);
    m.mkdir('empty');
    expect(m.rename('target', 'empty')).toBe(E.success);
    expect(m.statAt('target')).toBe(E.noent);
    m.mkdir('other');
    expect(m.rename('other', 'empty')).toBe(E.notempty);
    expect(m.rename('empty', 'empty/below')).toBe(E.inval);
    expect(m.rename('empty/file', 'other')).toBe(E.isdir);
    expect(m.rename('other', 'empty/file')).toBe(E.notdir);
    expect(m.rename('empty/file/', 'x')).toBe(E.notdir);
    expect(m.rename('empty/file', 'x/')).toBe(E.notdir);
  });

  it('leaves a descriptor of the directory with its name, under which nothing is any more', () => {
    using m = mounted();
    m.mkdir('source');
    const fd = m.open('source', { how: OPEN.directory, rights: RIGHTS.read });
    expect(m.rename('source', 'target')).toBe(E.success);
    expect(m.mkdir('below', fd)).toBe(E.noent);
    expect(m.mkdir('source')).toBe(E.success);
    expect(m.mkdir('below', fd)).toBe(E.success);
  });

  it('neither moves nor replaces what the program was started with', () => {
    using m = mounted();
    m.mkdir('d');
    for (const path of ['.', 'd/..', './']) {
      expect(m.rename(path, 'x'), path).not.toBe(E.success);
      expect(m.rename('d', path), path).not.toBe(E.success);
      expect(m.rmdir(path), path).not.toBe(E.success);
      expect(m.unlink(path), path).not.toBe(E.success);
    }
    expect(readdirSync(m.root)).toEqual(['d']);
  });
});

describe('a link that leads nowhere', () => {
  it('is a name that is taken: it can be looked at and removed, and is not written through', () => {
    using m = mounted();
    expect(m.symlink('nowhere', 'link')).toBe(E.success);
    expect(m.statAt('link')).toMatchObject({ type: 7 });
    expect(m.statAt('link', true)).toBe(E.noent);
    expect(m.readlink('link')).toBe('nowhere');
    expect(m.tryOpen('link', { follow: false }).errno).toBe(E.loop);
    expect(m.tryOpen('link').errno).toBe(E.noent);
    expect(m.tryOpen('link', { how: OPEN.create | OPEN.exclusive }).errno).toBe(E.exist);
    expect(m.symlink('other', 'link')).toBe(E.exist);
    expect(m.mkdir('link')).toBe(E.exist);
    expect(m.unlink('link')).toBe(E.success);
  });

  it('or in a circle, is no file', () => {
    using m = mounted();
    symlinkSync('loop', join(m.root, 'loop'));
    expect(m.tryOpen('loop').errno).toBe(E.loop);
    expect(m.tryOpen('loop/x').errno).not.toBe(E.success);
    expect(m.readdir(ROOT).entries.map(({ name }) => name)).toContain('loop');
  });
});
