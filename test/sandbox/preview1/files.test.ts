import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { E } from './errno.ts';
import { APPEND, mounted, NONBLOCK, OPEN, RIGHTS, ROOT, RW, type Filestat } from './mount.ts';

const SET = 0;
const CURRENT = 1;
const END = 2;

describe('a file', () => {
  it('is created, written, read back from its start, and seen by the host', async () => {
    using m = mounted();
    const fd = m.open('a', { how: OPEN.create });
    expect(fd).toBe(4);
    expect(await m.write(fd, 'hello ')).toBe(6);
    expect(await m.write(fd, 'world')).toBe(5);
    expect(m.seek(fd, 0n, CURRENT)).toBe(11n);
    expect(await m.read(fd)).toBe('');
    expect(m.seek(fd, 0n, SET)).toBe(0n);
    expect(await m.read(fd, 5)).toBe('hello');
    expect(await m.read(fd)).toBe(' world');
    expect(m.close(fd)).toBe(E.success);
    expect(readFileSync(join(m.root, 'a'), 'utf8')).toBe('hello world');
    expect(m.faults).toEqual([]);
  });

  it('has a position that may lie behind its end, and never before its start', async () => {
    using m = mounted();
    const fd = m.open('a', { how: OPEN.create });
    await m.write(fd, 'x'.repeat(100));
    expect(m.seek(fd, -50n, CURRENT)).toBe(50n);
    expect(m.seek(fd, 1000n, CURRENT)).toBe(1050n);
    expect(m.seek(fd, -2000n, CURRENT)).toBe(-E.inval);
    expect(m.seek(fd, -1n, SET)).toBe(-E.inval);
    expect(m.seek(fd, 2n ** 63n - 1n, CURRENT)).toBe(-E.inval);
    expect(m.seek(fd, 0n, 3)).toBe(-E.inval);
    expect(m.seek(fd, 0n, CURRENT)).toBe(1050n);
    expect(m.seek(fd, -10n, END)).toBe(90n);
    const at = m.program.room(8);
    expect(m.program.call('fd_tell', fd, at)).toBe(E.success);
    expect(m.program.u64(at)).toBe(90n);
    expect(await m.read(fd)).toBe('x'.repeat(10));
  });

  it('is read and written at offsets through several vectors, without its position', async () => {
    using m = mounted();
    const fd = m.open('a', { how: OPEN.create });
    const { program } = m;
    const result = program.room(4);
    const parts = program.vectors([program.put('01'), 2], [program.put('23'), 2]);
    expect(program.call('fd_pwrite', fd, parts, 2, 2n, result)).toBe(E.success);
    expect(program.u32(result)).toBe(4);
    const [one, two] = [program.room(2), program.room(8)];
    expect(program.call('fd_pread', fd, program.vectors([one, 2], [two, 8]), 2, 1n, result)).toBe(E.success);
    expect(program.u32(result)).toBe(5);
    expect(program.bytes(one, 2).toString('latin1')).toBe('\u00000');
    expect(program.bytes(two, 4).toString('hex')).toBe('313233aa');
    expect(program.call('fd_pread', fd, program.vectors([one, 2]), 1, 2n ** 63n, result)).toBe(E.inval);
    expect(m.seek(fd, 0n, CURRENT)).toBe(0n);
    expect(await m.read(fd)).toBe('\0\x000123');
  });

  it('that is opened to append is written at its end, until that is switched off', async () => {
    using m = mounted();
    writeFileSync(join(m.root, 'a'), 'first,');
    const fd = m.open('a', { fdflags: APPEND });
    expect(m.fdstat(fd).flags).toBe(APPEND);
    expect(await m.write(fd, 'second,')).toBe(7);
    expect(m.seek(fd, 0n, CURRENT)).toBe(13n);
    m.seek(fd, 0n, SET);
    expect(await m.write(fd, 'third')).toBe(5);
    expect(m.program.call('fd_fdstat_set_flags', fd, 0)).toBe(E.success);
    m.seek(fd, 0n, SET);
    expect(await m.write(fd, 'F')).toBe(1);
    expect(readFileSync(join(m.root, 'a'), 'utf8')).toBe('First,second,third');
  });

  it('moves more than one call of the host carries', async () => {
    using m = mounted({ callBytes: 1 << 16 });
    const fd = m.open('big', { how: OPEN.create });
    const whole = 'abcdefgh'.repeat(40_000);
    let written = 0;
    while (written < whole.length) {
      const count = await m.write(fd, whole.slice(written));
      expect(count).toBeGreaterThan(0);
      written += count;
    }
    m.seek(fd, 0n, SET);
    let again = '';
    for (;;) {
      const part = await m.read(fd, 400_000);
      if (typeof part === 'number') throw new Error(`errno ${part}`);
      if (part === '') break;
      again += part;
    }
    expect(again === whole).toBe(true);
  });

  it('gets another size, more room and other times', () => {
    using m = mounted();
    const { program } = m;
    const fd = m.open('a', { how: OPEN.create });
    expect(program.call('fd_filestat_set_size', fd, 100n)).toBe(E.success);
    expect(program.call('fd_advise', fd, 10n, 50n, 2)).toBe(E.success);
    expect(program.call('fd_advise', fd, 10n, 50n, 6)).toBe(E.inval);
    expect(program.call('fd_allocate', fd, 10n, 10n)).toBe(E.success);
    expect(statSync(join(m.root, 'a')).size).toBe(100);
    expect(program.call('fd_allocate', fd, 90n, 20n)).toBe(E.success);
    expect(statSync(join(m.root, 'a')).size).toBe(110);
    expect(program.call('fd_allocate', fd, 0n, 0n)).toBe(E.inval);
    expect(program.call('fd_sync', fd)).toBe(E.success);
    expect(program.call('fd_datasync', fd)).toBe(E.success);

    const before = m.stat(fd) as Filestat;
    const modified = before.modified - 100_001n;
    expect(program.call('fd_filestat_set_times', fd, 1n, modified, 4)).toBe(E.success);
    const after = m.stat(fd) as Filestat;
    expect(after).toMatchObject({ type: 4, size: 110n });
    expect([after.accessed, after.modified]).toEqual([before.accessed, modified]);
    expect(program.call('fd_filestat_set_times', fd, 1n, 1n, 4 | 8)).toBe(E.inval);
    expect(program.call('fd_filestat_set_times', fd, 1n, 1n, 1 | 2)).toBe(E.inval);
    expect(program.call('fd_filestat_set_times', fd, 1n, 1n, 16)).toBe(E.inval);
    const touched = [...m.text('a'), 5000n, 7_000_000n, 4] as const;
    expect(program.call('path_filestat_set_times', ROOT, 0, ...touched)).toBe(E.success);
    expect((m.statAt('a') as Filestat).modified / 1000n).toBe(7000n);
  });

  it('is truncated, created exclusively, and refused where it is not', async () => {
    using m = mounted();
    writeFileSync(join(m.root, 'a'), 'some');
    expect(m.tryOpen('a', { how: OPEN.create | OPEN.exclusive }).errno).toBe(E.exist);
    expect(await m.read(m.open('a', { how: OPEN.create | OPEN.truncate }))).toBe('');
    expect(m.tryOpen('none').errno).toBe(E.noent);
    expect(m.tryOpen('a', { how: OPEN.directory, rights: 0n }).errno).toBe(E.notdir);
    expect(m.tryOpen('a/', { rights: 0n }).errno).toBe(E.notdir);
    expect(m.tryOpen('a///', { rights: 0n }).errno).toBe(E.notdir);
    expect(m.tryOpen('a/b').errno).toBe(E.notdir);
    expect(m.tryOpen('', { rights: 0n }).errno).toBe(E.noent);
    expect(m.tryOpen('a', { fdflags: NONBLOCK }).errno).toBe(E.success);
    expect(m.tryOpen('a', { how: 16 }).errno).toBe(E.inval);
    expect(m.tryOpen('a', { fdflags: 32 }).errno).toBe(E.inval);
    const below = m.open('a');
    expect(m.tryOpen('b', { from: below, how: OPEN.create }).errno).toBe(E.notdir);
    expect(m.tryOpen('b', { from: 1 }).errno).toBe(E.badf);
    expect(m.tryOpen('b', { from: 99 }).errno).toBe(E.badf);
  });

  it('is opened for reading or for writing alone', async () => {
    using m = mounted();
    writeFileSync(join(m.root, 'a'), 'some');
    const reading = m.open('a', { rights: RIGHTS.read });
    expect(m.fdstat(reading).base & RW).toBe(RIGHTS.read);
    expect(await m.write(reading, 'x')).toBe(-E.badf);
    expect(m.program.call('fd_filestat_set_size', reading, 0n)).toBe(E.notcapable);
    expect(await m.read(reading)).toBe('some');
    const writing = m.open('a', { rights: RIGHTS.write });
    expect(m.fdstat(writing).base & RW).toBe(RIGHTS.write);
    expect(await m.read(writing)).toBe(E.badf);
    expect(await m.write(writing, 'S')).toBe(1);
    expect(await m.read(m.open('a', { rights: 0n }))).toBe(E.badf);
    m.seek(reading, 0n, SET);
    expect(await m.read(reading)).toBe('Some');
  });

  it('is not a terminal, has an inode of its own, and shows its length', () => {
    using m = mounted();
    writeFileSync(join(m.root, 'a'), 'some');
    writeFileSync(join(m.root, 'b'), '');
    const [a, b] = [m.stat(m.open('a')) as Filestat, m.stat(m.open('b')) as Filestat];
    expect(a).toMatchObject({ type: 4, size: 4n });
    expect(a.inode).not.toBe(b.inode);
    expect(m.statAt('a')).toMatchObject({ inode: a.inode });
  });
});

describe('descriptors', () => {
  it('begin with the directories of the program, which have names', () => {
    using m = mounted();
    const { program } = m;
    const at = program.room(8);
    expect(program.call('fd_prestat_get', ROOT, at)).toBe(E.success);
    expect([program.u32(at), program.u32(at + 4)]).toEqual([0, '/workspace'.length]);
    const name = program.room(20);
    expect(program.call('fd_prestat_dir_name', ROOT, name, 9)).toBe(E.nametoolong);
    expect(program.call('fd_prestat_dir_name', ROOT, name, 20)).toBe(E.success);
    expect(program.bytes(name, 11).toString('latin1')).toBe('/workspace\u00aa');
    expect(program.call('fd_prestat_get', 4, at)).toBe(E.badf);
    expect(program.call('fd_prestat_get', m.open('.', { how: OPEN.directory, rights: 0n }), at)).toBe(E.badf);
    expect(program.call('fd_prestat_dir_name', m.open('x', { how: OPEN.create }), name, 20)).toBe(E.notdir);
  });

  it('take the lowest free number', () => {
    using m = mounted();
    const all = ['a', 'b', 'c'].map((name) => m.open(name, { how: OPEN.create }));
    expect(all).toEqual([4, 5, 6]);
    m.close(5);
    m.close(4);
    expect([m.open('a'), m.open('b'), m.open('c')]).toEqual([4, 5, 7]);
    expect(m.close(0)).toBe(E.success);
    expect(m.open('a')).toBe(0);
  });

  it('are renumbered: the target is closed, the source is free', async () => {
    using m = mounted();
    const [one, two] = [m.open('one', { how: OPEN.create }), m.open('two', { how: OPEN.create })];
    await m.write(one, 'from one');
    const before = m.fdstat(one);
    expect(m.program.call('fd_renumber', one, two)).toBe(E.success);
    expect(m.close(one)).toBe(E.badf);
    expect(m.fdstat(two)).toEqual(before);
    expect(m.seek(two, 0n, CURRENT)).toBe(8n);
    expect(m.program.call('fd_renumber', two, one)).toBe(E.badf);
    expect(m.program.call('fd_renumber', 99, two)).toBe(E.badf);
    expect(m.program.call('fd_renumber', two, two)).toBe(E.success);
    expect(m.close(two)).toBe(E.success);
  });

  it('may be renumbered onto those that the program was started with, and these may be closed', () => {
    using m = mounted();
    m.mkdir('d');
    const inner = m.open('d', { how: OPEN.directory, rights: 0n });
    const { inode } = m.stat(inner) as Filestat;
    expect(m.program.call('fd_renumber', inner, ROOT)).toBe(E.success);
    expect(m.stat(ROOT)).toMatchObject({ inode });
    expect(m.program.call('fd_prestat_get', ROOT, m.program.room(8))).toBe(E.badf);
    expect(m.close(ROOT)).toBe(E.success);
    expect(m.fdstat(ROOT).errno).toBe(E.badf);
    expect(m.tryOpen('d').errno).toBe(E.badf);
  });

  it('lose rights for good, for themselves and for what is opened through them', async () => {
    using m = mounted();
    const fd = m.open('a', { how: OPEN.create });
    await m.write(fd, 'text');
    const { base, inheriting } = m.fdstat(fd);
    expect(m.program.call('fd_fdstat_set_rights', fd, base & ~RW, inheriting)).toBe(E.success);
    expect(m.fdstat(fd).base).toBe(base & ~RW);
    expect(await m.read(fd)).toBe(E.badf);
    expect(await m.write(fd, 'x')).toBe(-E.badf);
    expect(m.seek(fd, 0n, SET)).toBe(0n);
    expect(m.program.call('fd_fdstat_set_rights', fd, base, inheriting)).toBe(E.notcapable);

    const root = m.fdstat(ROOT);
    expect(m.program.call('fd_fdstat_set_rights', ROOT, root.base, root.inheriting & ~RIGHTS.write)).toBe(E.success);
    expect(m.tryOpen('a', { rights: RIGHTS.write }).errno).toBe(E.notcapable);
    expect(await m.read(m.open('a', { rights: RIGHTS.read }))).toBe('text');
    const again = m.open('.', { how: OPEN.directory, rights: RIGHTS.all & ~RW });
    expect(m.tryOpen('a', { from: again, rights: RIGHTS.write }).errno).toBe(E.notcapable);
    const create = 1n << 9n;
    expect(m.program.call('fd_fdstat_set_rights', ROOT, root.base & ~create, 0n)).toBe(E.success);
    expect(m.mkdir('no')).toBe(E.notcapable);
  });
});
