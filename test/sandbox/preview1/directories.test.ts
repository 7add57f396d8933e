import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { E } from './errno.ts';
import { mounted, OPEN, RIGHTS, ROOT, RW, type Filestat } from './mount.ts';

const names = (entries: readonly { readonly name: string }[]) => entries.map(({ name }) => name).sort();

describe('a directory', () => {
  it('lists itself, what is above it, and its names with types and inodes', () => {
    using m = mounted();
    m.mkdir('d');
    const fd = m.open('d', { how: OPEN.directory, rights: 0n });
    const empty = m.readdir(fd);
    expect(empty.entries.map(({ name, type }) => [name, type])).toEqual([
      ['.', 3],
      ['..', 3],
    ]);
    expect(empty.entries[0]?.inode).toBe((m.stat(fd) as Filestat).inode);
    m.close(m.open('d/file', { how: OPEN.create }));
    m.mkdir('d/sub');
    symlinkSync('file', join(m.root, 'd', 'link'));
    const { entries } = m.readdir(fd);
    expect(names(entries)).toEqual(['.', '..', 'file', 'link', 'sub']);
    const types = new Map(entries.map(({ name, type }) => [name, type]));
    expect([types.get('file'), types.get('link'), types.get('sub')]).toEqual([4, 7, 3]);
    for (const { name, inode } of entries.slice(2)) expect(m.statAt(`d/${name}`)).toMatchObject({ inode });
  });

  it('goes on where a cookie says, in buffers of every size', () => {
    using m = mounted();
    const expected = Array.from({ length: 150 }, (_, index) => `file.${index}`);
    for (const name of expected) writeFileSync(join(m.root, name), '');
    for (const size of [33, 64, 256, 4096, 20_000]) {
      const seen: string[] = [];
      for (let cookie = 0n; ;) {
        const { errno, used, entries } = m.readdir(ROOT, size, cookie);
        expect(errno).toBe(E.success);
        seen.push(...entries.map(({ name }) => name));
        if (used < size) break;
        cookie = entries.at(-1)?.next ?? cookie;
      }
      expect(seen.sort()).toEqual(['.', '..', ...expected].sort());
    }
  });

  it('takes cookies again, forwards and back, and answers those that it never gave with the end', () => {
    using m = mounted();
    for (const name of ['a', 'b', 'c']) writeFileSync(join(m.root, name), '');
    const all = m.readdir(ROOT).entries;
    expect(all).toHaveLength(5);
    for (const index of [3, 1, 4, 0, 2]) {
      expect(m.readdir(ROOT, 4096, BigInt(index)).entries).toEqual(all.slice(index));
    }
    for (const cookie of [5n, 6n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      expect(m.readdir(ROOT, 4096, cookie)).toEqual({ errno: E.success, used: 0, entries: [] });
    }
    expect(m.readdir(ROOT).entries).toEqual(all);
  });

  it('fills a buffer to its last byte, and needs none', () => {
    using m = mounted();
    expect(m.readdir(ROOT, 30)).toMatchObject({ errno: E.success, used: 30 });
    expect(m.readdir(ROOT, 3)).toMatchObject({ errno: E.success, used: 3, entries: [] });
    expect(m.readdir(ROOT, 0)).toMatchObject({ errno: E.success, used: 0 });
  });

  it('can be emptied while it is read', () => {
    using m = mounted();
    for (let index = 0; index < 60; index++) writeFileSync(join(m.root, `file.${index}`), '');
    for (let cookie = 0n; ;) {
      const { used, entries } = m.readdir(ROOT, 200, cookie);
      for (const { name } of entries) if (!name.startsWith('.')) expect(m.unlink(name)).toBe(E.success);
      if (used < 200) break;
      cookie = entries.at(-1)?.next ?? cookie;
    }
    expect(readdirSync(m.root)).toEqual([]);
  });

  it('is no file', async () => {
    using m = mounted();
    const { program } = m;
    const vector = program.vectors([program.room(8), 8]);
    const result = program.room(8);
    expect(await program.later('fd_read', ROOT, vector, 1, result)).toBe(E.badf);
    expect(await program.later('fd_write', ROOT, vector, 1, result)).toBe(E.badf);
    expect(program.call('fd_pread', ROOT, vector, 1, 0n, result)).toBe(E.badf);
    expect(program.call('fd_pwrite', ROOT, vector, 1, 0n, result)).toBe(E.badf);
    for (const whence of [0, 1, 2]) expect(m.seek(ROOT, 0n, whence)).toBe(-E.badf);
    expect(program.call('fd_tell', ROOT, result)).toBe(E.badf);
    expect(program.call('fd_allocate', ROOT, 0n, 1n)).toBe(E.badf);
    expect(program.call('fd_filestat_set_size', ROOT, 0n)).toBe(E.badf);
    expect(m.stat(ROOT)).toMatchObject({ type: 3 });
    const seek = m.open('.', { how: OPEN.directory, rights: RIGHTS.seek });
    expect(m.fdstat(seek)).toMatchObject({ type: 3 });
    expect(m.fdstat(seek).base & RIGHTS.seek).toBe(0n);
    expect(m.tryOpen('.', { how: OPEN.directory, rights: RW }).errno).toBe(E.isdir);
    expect(m.tryOpen('.', { how: OPEN.directory, rights: RIGHTS.read }).errno).toBe(E.success);
    expect(m.tryOpen('.', { rights: 0n, fdflags: 4 }).errno).toBe(E.success);
    const file = m.open('f', { how: OPEN.create });
    expect(m.readdir(file).errno).toBe(E.notdir);
  });
});

describe('paths', () => {
  it('make, rename and remove directories', () => {
    using m = mounted();
    expect(m.mkdir('source')).toBe(E.success);
    expect(m.mkdir('source')).toBe(E.exist);
    expect(m.mkdir('none/below')).toBe(E.noent);
    expect(m.mkdir('source/below')).toBe(E.success);
    expect(m.rename('source/', 'target')).toBe(E.success);
    expect(m.rename('target', 'source/')).toBe(E.success);
    expect(m.rmdir('source/below')).toBe(E.success);
    expect(m.mkdir('target')).toBe(E.success);
    m.close(m.open('target/file', { how: OPEN.create }));
    expect(m.rename('target/file', 'source')).toBe(E.isdir);
    expect(m.rmdir('target')).toBe(E.notempty);
    expect(m.unlink('target')).toBe(E.isdir);
    expect(m.unlink('target/')).toBe(E.isdir);
    expect(m.rmdir('target/file')).toBe(E.notdir);
    expect(m.rmdir('target/file/')).toBe(E.notdir);
    expect(m.unlink('target/file/')).toBe(E.notdir);
    expect(m.unlink('target/file')).toBe(E.success);
    expect(m.rmdir('target/')).toBe(E.success);
    expect(m.rmdir('target')).toBe(E.noent);
    expect(m.unlink('target')).toBe(E.noent);
    expect(readdirSync(m.root)).toEqual(['source']);
  });

  it('replace a file by renaming another', async () => {
    using m = mounted();
    await m.write(m.open('new', { how: OPEN.create }), 'new');
    await m.write(m.open('old', { how: OPEN.create }), 'old');
    expect(m.rename('new', 'old')).toBe(E.success);
    expect(await m.read(m.open('old'))).toBe('new');
    expect(m.statAt('new')).toBe(E.noent);
  });

  it('may wander, but not out', () => {
    using m = mounted();
    mkdirSync(join(m.root, 'dir', 'nested'), { recursive: true });
    writeFileSync(join(m.root, 'dir', 'nested', 'file'), '');
    const open = (path: string, from?: number) =>
      m.tryOpen(path, { rights: 0n, ...(from === undefined ? {} : { from }) }).errno;
    expect(open('dir/.//nested/../../dir/nested/../nested///./file')).toBe(E.success);
    expect(open('dir/nested/')).toBe(E.success);
    expect(open('dir/nested///')).toBe(E.success);
    expect(open('/dir/nested/file')).toBe(E.perm);
    expect(open('dir/nested/../../../workspace/dir')).toBe(E.perm);
    expect(open('..')).toBe(E.perm);
    expect([E.inval, E.ilseq, E.noent]).toContain(open('dir/nested/file\0'));
    const inner = m.open('dir', { how: OPEN.directory, rights: 0n });
    expect(open('nested/file', inner)).toBe(E.success);
    expect(open('../dir/nested/file', inner)).toBe(E.perm);
  });

  it('make links, and follow them where they are asked to', async () => {
    using m = mounted();
    await m.write(m.open('file', { how: OPEN.create }), 'text');
    m.mkdir('dir');
    expect(m.symlink('file', 'link')).toBe(E.success);
    expect(m.symlink('dir', 'dirlink')).toBe(E.success);
    expect(m.symlink('file', 'link')).toBe(E.exist);
    expect(m.symlink('/', 'absolute')).not.toBe(E.success);
    expect(m.readlink('link')).toBe('file');
    expect(m.readlink('link', 2)).toBe('fi');
    expect(m.readlink('file')).toBe(E.inval);
    expect(m.statAt('link')).toMatchObject({ type: 7 });
    expect(m.statAt('link', true)).toMatchObject({ type: 4, size: 4n });
    expect(m.statAt('dirlink', true)).toMatchObject({ type: 3 });
    expect(await m.read(m.open('link'))).toBe('text');
    expect(m.tryOpen('link', { rights: 0n, follow: false }).errno).toBe(E.loop);
    expect([E.loop, E.notdir]).toContain(
      m.tryOpen('dirlink', { how: OPEN.directory, rights: 0n, follow: false }).errno,
    );
    expect(m.tryOpen('dirlink', { how: OPEN.directory, rights: 0n }).errno).toBe(E.success);
    expect(m.tryOpen('link', { how: OPEN.directory, rights: 0n }).errno).toBe(E.notdir);
    expect(m.symlink('loop', 'loop')).toBe(E.success);
    expect(m.tryOpen('loop', { rights: 0n, follow: false }).errno).toBe(E.loop);
    expect(m.unlink('loop')).toBe(E.success);
    expect(m.unlink('link')).toBe(E.success);
    expect(m.statAt('file')).toMatchObject({ type: 4 });
  });

  it('make no second name for a file: that would be a second resource', () => {
    using m = mounted();
    m.close(m.open('file', { how: OPEN.create }));
    expect([E.acces, E.perm, E.notsup]).toContain(m.link('file', 'again'));
    expect(readdirSync(m.root)).toEqual(['file']);
  });

  it('are read as UTF-8, and are not too long', () => {
    using m = mounted();
    const { program } = m;
    const bad = program.put(Buffer.from([0x66, 0xff, 0x66]));
    expect(program.call('path_create_directory', ROOT, bad, 3)).toBe(E.ilseq);
    const surrogate = program.put(Buffer.from([0xed, 0xa0, 0x80]));
    expect(program.call('path_unlink_file', ROOT, surrogate, 3)).toBe(E.ilseq);
    const long = program.room(5000);
    expect(program.call('path_create_directory', ROOT, long, 5000)).toBe(E.nametoolong);
    expect(m.mkdir('ünïcødé 名前')).toBe(E.success);
    expect(readdirSync(m.root)).toEqual(['ünïcødé 名前']);
    expect(names(m.readdir(ROOT).entries)).toContain('ünïcødé 名前');
  });

  it('meet the policy: what it denies is denied here, and recorded', async () => {
    using m = mounted({ allow: ({ action }) => action === 'fs:read' || action === 'fs:stat' });
    writeFileSync(join(m.root, 'a'), 'text');
    expect(await m.read(m.open('a', { rights: RIGHTS.read }))).toBe('text');
    expect(m.tryOpen('a', { rights: RW }).errno).toBe(E.acces);
    expect(m.tryOpen('b', { how: OPEN.create }).errno).toBe(E.acces);
    expect(m.mkdir('d')).toBe(E.acces);
    expect(m.readdir(ROOT).errno).toBe(E.acces);
    expect(m.unlink('a')).toBe(E.acces);
    expect(readdirSync(m.root)).toEqual(['a']);
    expect(m.program.ended()).toBeUndefined();
  });

  it('change nothing below a directory that is shown for reading', () => {
    using m = mounted({ mount: { access: 'ro' } });
    writeFileSync(join(m.root, 'a'), 'text');
    expect(m.tryOpen('a').errno).toBe(E.rofs);
    expect(m.tryOpen('b', { how: OPEN.create }).errno).toBe(E.rofs);
    expect([m.mkdir('d'), m.unlink('a'), m.rmdir('a'), m.rename('a', 'b'), m.symlink('a', 'b')]).toEqual(
      Array(5).fill(E.rofs),
    );
    expect(m.tryOpen('a', { rights: RIGHTS.read }).errno).toBe(E.success);
  });
});
