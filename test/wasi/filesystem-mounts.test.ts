import { linkSync, mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fsFixture, mountOf, type FsFixtureOptions } from '../gates/fs/fs-fixture.ts';
import {
  bytes,
  codeOf,
  descriptorFlags,
  entriesOf,
  filesRun,
  FOLLOW,
  NO_FOLLOW,
  openDirectory,
  openFile,
  openFlags,
  readAll,
  text,
  type GuestStat,
} from './guest-files.ts';
import { call, members, thrownBy } from './run.ts';

const KEEP = { tag: 'no-change' } as const;
const at = (seconds: bigint, nanoseconds: number) => ({ tag: 'timestamp', val: { seconds, nanoseconds } }) as const;

/** A real mount `/workspace` (`rw` unless it is said otherwise), and what a guest sees of it. */
function mounted(options: FsFixtureOptions = {}) {
  const fixture = fsFixture(options);
  const guest = filesRun(fixture.gate.files);
  return {
    ...fixture,
    ...guest,
    directory: fixture.root,
    root: guest.root(),
    put: (path: string, contents: string) => writeFileSync(join(fixture.root, path), contents),
    get: (path: string) => readFileSync(join(fixture.root, path), 'utf8'),
  };
}

describe('a mount', () => {
  it('is a directory to start from, with what its access allows', () => {
    using rw = mounted();
    expect(rw.root.getFlags()).toEqual(descriptorFlags('read', 'mutateDirectory'));
    using ro = mounted({ mount: { access: 'ro' } });
    expect(ro.root.getFlags()).toEqual(descriptorFlags('read'));
  });

  it('stands beside the others, each under its own path', () => {
    using fixture = fsFixture({ more: (folder) => [mountOf('/outside', join(folder, 'outside'), { access: 'ro' })] });
    const { run, root } = filesRun(fixture.gate.files);
    const preopens = call(members(run, 'wasi:filesystem/preopens'), 'getDirectories') as [object, string][];
    expect(preopens.map(([, path]) => path)).toEqual(['/workspace', '/outside']);
    writeFileSync(join(fixture.root, 'a'), 'a');
    expect(codeOf(() => root('/workspace').renameAt('a', root('/outside'), 'a'))).toBe('read-only');
  });

  it('that can be read alone answers read-only to every change', () => {
    using ro = mounted({ mount: { access: 'ro' } });
    ro.put('a', 'text');
    expect(text(readAll(openFile(ro.root, 'a')))).toBe('text');
    expect(codeOf(() => openFile(ro.root, 'a', 'rw'))).toBe('read-only');
    expect(codeOf(() => openFile(ro.root, 'new', 'w', 'create'))).toBe('read-only');
    expect(codeOf(() => ro.root.unlinkFileAt('a'))).toBe('read-only');
    expect(ro.get('a')).toBe('text');
  });
});

describe('a file', () => {
  it('is created, written at offsets, read back, and found by its name', () => {
    using w = mounted();
    const file = openFile(w.root, 'new.txt', 'rw', 'create', 'exclusive');
    expect(file.write(bytes('hello world'), 0n)).toBe(11n);
    expect(file.write(bytes('W'), 6n)).toBe(1n);
    expect(file.read(5n, 6n)).toEqual([bytes('World'), false]);
    expect(file.read(5n, 11n)).toEqual([bytes(''), true]);
    expect(file.read(0n, 0n)[1]).toBe(false);
    file.setSize(5n);
    file.sync();
    file.syncData();
    file.advise(0n, 5n, 'sequential');
    file[Symbol.dispose]();
    expect(w.get('new.txt')).toBe('hello');
    expect(codeOf(() => openFile(w.root, 'new.txt', 'w', 'create', 'exclusive'))).toBe('exist');
    openFile(w.root, 'new.txt', 'w', 'create', 'truncate')[Symbol.dispose]();
    expect(w.get('new.txt')).toBe('');
  });

  it('grows with zeroes where it is written beyond its end', () => {
    using w = mounted();
    const file = openFile(w.root, 'sparse', 'rw', 'create');
    file.write(bytes('x'), 4n);
    expect(Buffer.from(readAll(file)).toString('hex')).toBe('0000000078');
    file.setSize(6n);
    expect(w.get('sparse')).toBe('\0\0\0\0x\0');
  });

  it('is read and written by streams', () => {
    using w = mounted();
    w.put('a', '0123456789');
    const file = openFile(w.root, 'a', 'rw');
    const output = file.writeViaStream(2n);
    output.write(bytes('ab'));
    output.write(bytes('c'));
    output.flush();
    file.appendViaStream().write(bytes('end'));
    const input = file.readViaStream(1n);
    expect(text(input.read(100n))).toBe('1abc56789end');
    expect(thrownBy(() => input.read(1n))).toEqual({ payload: { tag: 'closed' } });
    file.appendViaStream().write(bytes('!'));
    expect(text(input.read(100n))).toBe('!');
  });

  it('stays what it is while it is open, whatever happens to its name', () => {
    using w = mounted();
    w.put('a', 'first');
    const file = openFile(w.root, 'a', 'rw');
    w.root.renameAt('a', w.root, 'b');
    file.write(bytes('F'), 0n);
    expect(w.get('b')).toBe('First');
    w.root.unlinkFileAt('b');
    expect(text(readAll(file))).toBe('First');
    expect(codeOf(() => openFile(w.root, 'b'))).toBe('no-entry');
  });

  it('has the size and the times of the file', () => {
    using w = mounted();
    w.put('a', '12345');
    utimesSync(join(w.directory, 'a'), 100, 200.5);
    const expected = {
      type: 'regular-file',
      size: 5n,
      linkCount: 1n,
      dataAccessTimestamp: { seconds: 100n, nanoseconds: 0 },
      dataModificationTimestamp: { seconds: 200n, nanoseconds: 500_000_000 },
    };
    expect(w.root.statAt(FOLLOW, 'a')).toMatchObject(expected);
    expect(openFile(w.root, 'a').stat()).toMatchObject(expected);
    expect(w.root.stat().type).toBe('directory');
  });

  it('gets the times that it is given, to the microsecond', () => {
    using w = mounted();
    w.put('a', '');
    const expectTimes = (stat: GuestStat, accessedUs: number, modifiedUs: number): void => {
      const times = [stat.dataAccessTimestamp!, stat.dataModificationTimestamp!];
      const [accessed, modified] = times.map(({ seconds, nanoseconds }) => Number(seconds) * 1e6 + nanoseconds / 1e3);
      expect(Math.abs(accessed! - accessedUs)).toBeLessThanOrEqual(1);
      expect(Math.abs(modified! - modifiedUs)).toBeLessThanOrEqual(1);
    };
    w.root.setTimesAt(FOLLOW, 'a', at(7n, 8000), at(9n, 10_000));
    expectTimes(w.root.statAt(FOLLOW, 'a'), 7_000_008, 9_000_010);
    const file = openFile(w.root, 'a', 'w');
    file.setTimes(KEEP, at(11n, 12_000));
    expectTimes(file.stat(), 7_000_008, 11_000_012);
    const before = BigInt(Math.floor(Date.now() / 1000)) - 1n;
    file.setTimes({ tag: 'now' }, KEEP);
    expect(file.stat().dataAccessTimestamp!.seconds).toBeGreaterThanOrEqual(before);
  });

  it('is no larger than its mount allows, and says so to a stream as well', () => {
    using w = mounted({ mount: { maxFileBytes: 10 } });
    const file = openFile(w.root, 'a', 'rw', 'create');
    file.write(bytes('0123456789'), 0n);
    expect(codeOf(() => file.write(bytes('x'), 10n))).toBe('file-too-large');
    expect(codeOf(() => file.setSize(11n))).toBe('file-too-large');
    const failure = thrownBy(() => file.appendViaStream().write(bytes('x')));
    const { val } = (failure as { payload: { val: object } }).payload;
    expect(call(members(w.run, 'wasi:filesystem/types'), 'filesystemErrorCode', val)).toBe('file-too-large');
    expect(w.get('a')).toBe('0123456789');
  });

  it('is no more than the quota of its mount', () => {
    using w = mounted({ mount: { quota: { bytes: 100, files: 3 } } });
    const file = openFile(w.root, 'a', 'rw', 'create');
    expect(file.write(new Uint8Array(100), 0n)).toBe(100n);
    expect(['quota', 'insufficient-space']).toContain(codeOf(() => file.write(bytes('x'), 100n)));
    w.root.createDirectoryAt('b');
    w.root.createDirectoryAt('c');
    expect(['quota', 'insufficient-space']).toContain(codeOf(() => w.root.createDirectoryAt('d')));
  });
});

describe('extreme offsets and sizes', () => {
  const LAST = 2n ** 64n - 1n;

  it.each([2n ** 31n, 2n ** 53n, 2n ** 63n, LAST])('%s end in an error or in the end of the file', (far) => {
    using w = mounted();
    w.put('a', 'abc');
    const file = openFile(w.root, 'a', 'rw');
    expect(['end', 'invalid', 'file-too-large']).toContain(answer(() => (file.read(1n, far)[1] ? 'end' : 'data')));
    expect(['invalid', 'file-too-large']).toContain(answer(() => file.write(bytes('x'), far)));
    expect(['invalid', 'file-too-large']).toContain(answer(() => file.setSize(far)));
    expect(file.read(far, 0n)[0]).toHaveLength(3);
    expect(file.stat().size).toBe(3n);
    expect(w.faults).toEqual([]);
  });

  it.each([2n ** 53n, 2n ** 63n, LAST])('%s seconds are a time or an error', (seconds) => {
    using w = mounted();
    w.put('a', 'abc');
    expect(['done', 'invalid']).toContain(
      answer(() => {
        w.root.setTimesAt(FOLLOW, 'a', KEEP, at(seconds, 0));
        return 'done';
      }),
    );
    expect(w.root.statAt(FOLLOW, 'a').size).toBe(3n);
    expect(w.faults).toEqual([]);
  });

  function answer(work: () => unknown): unknown {
    try {
      return work();
    } catch (error) {
      return codeOf(() => {
        throw error;
      });
    }
  }
});

describe('a directory', () => {
  it('is made, listed, renamed and removed', () => {
    using w = mounted();
    w.root.createDirectoryAt('d');
    w.root.createDirectoryAt('d/e/');
    const below = openDirectory(w.root, 'd');
    openFile(below, 'file', 'w', 'create').write(bytes('x'), 0n);
    expect(entriesOf(below)).toEqual([
      { type: 'directory', name: 'e' },
      { type: 'regular-file', name: 'file' },
    ]);
    expect(codeOf(() => w.root.removeDirectoryAt('d'))).toBe('not-empty');
    expect(codeOf(() => w.root.unlinkFileAt('d'))).toBe('is-directory');
    expect(codeOf(() => w.root.removeDirectoryAt('d/file'))).toBe('not-directory');
    below.renameAt('file', w.root, 'moved');
    w.root.renameAt('d/', w.root, 'other');
    expect(codeOf(() => entriesOf(below))).toBe('no-entry'); // a descriptor stands for a name
    w.root.removeDirectoryAt('other/e');
    w.root.removeDirectoryAt('other');
    w.root.unlinkFileAt('moved');
    expect(entriesOf(w.root)).toEqual([]);
  });

  it('of two thousand entries is listed whole', () => {
    using w = mounted();
    const names = Array.from({ length: 2000 }, (_, index) => `file-${String(index).padStart(4, '0')}`);
    for (const name of names) w.put(name, '');
    expect(entriesOf(w.root).map(({ name }) => name)).toEqual(names);
  });

  it('lists no names that a guest cannot ask for', () => {
    using w = mounted();
    for (const name of ['plain', 'new\nline', 'back\\slash', `.sallyport-${'0'.repeat(24)}.tmp`, 'e\u0301'])
      w.put(name, '');
    expect(entriesOf(w.root).map(({ name }) => name)).toEqual(['plain']);
  });

  it('refuses names that cannot be asked for, with an error', () => {
    using w = mounted();
    for (const name of ['new\nline', 'nul\0', 'back\\slash', `.sallyport-${'0'.repeat(24)}.tmp`, 'e\u0301', '\ud800']) {
      const code = codeOf(() => openFile(w.root, name, 'w', 'create'));
      expect(['invalid', 'illegal-byte-sequence', 'not-permitted', 'access'], JSON.stringify(name)).toContain(code);
    }
    expect(codeOf(() => w.root.statAt(FOLLOW, 'x'.repeat(256)))).toBe('name-too-long');
    expect(codeOf(() => w.root.createDirectoryAt(Array(70).fill('d').join('/')))).toBe('name-too-long');
    expect(w.faults).toEqual([]);
  });
});

describe('identity', () => {
  it('is the same for each name of an object, and differs between objects', () => {
    using w = mounted();
    w.put('a', 'a');
    w.put('b', 'a');
    mkdirSync(join(w.directory, 'd'));
    const [a, again, b] = ['a', 'd/../a', 'b'].map((path) => openFile(w.root, path));
    expect(a!.isSameObject(again!)).toBe(true);
    expect(a!.isSameObject(b!)).toBe(false);
    expect(openDirectory(w.root, 'd').isSameObject(openDirectory(w.root, 'd/'))).toBe(true);
    expect(openDirectory(w.root, 'd').isSameObject(w.root)).toBe(false);
    expect(w.root.metadataHashAt(FOLLOW, 'a')).toEqual(a!.metadataHash());
    expect(w.root.metadataHashAt(FOLLOW, 'b')).not.toEqual(a!.metadataHash());
  });

  it('stays where a file changes, and the hash does not', () => {
    using w = mounted();
    const file = openFile(w.root, 'a', 'rw', 'create');
    const before = file.metadataHash();
    expect(file.metadataHash()).toEqual(before);
    file.write(bytes('x'), 0n);
    const after = file.metadataHash();
    expect(after.lower).toBe(before.lower);
    expect(after.upper).not.toBe(before.upper);
    w.root.renameAt('a', w.root, 'b');
    expect(w.root.metadataHashAt(FOLLOW, 'b').lower).toBe(before.lower);
  });

  it('is not the number that the machine has for it', () => {
    using w = mounted();
    w.put('a', '');
    expect(w.root.metadataHashAt(FOLLOW, 'a').lower).not.toBe(BigInt(statSync(join(w.directory, 'a')).ino));
  });
});

describe('links in a mount that follows those inside', () => {
  const inside = () => mounted({ mount: { symlinks: 'inside' } });

  it('are made, read, followed or looked at, as it is asked', () => {
    using w = inside();
    w.root.createDirectoryAt('d');
    w.put('d/a', 'text');
    w.root.symlinkAt('d/a', 'l');
    expect(w.root.readlinkAt('l')).toBe('d/a');
    expect(w.root.statAt(NO_FOLLOW, 'l').type).toBe('symbolic-link');
    expect(w.root.statAt(FOLLOW, 'l').type).toBe('regular-file');
    expect(text(readAll(openFile(w.root, 'l')))).toBe('text');
    expect(codeOf(() => w.root.openAt(NO_FOLLOW, 'l', openFlags(), descriptorFlags('read')))).toBe('loop');
    w.root.unlinkFileAt('l');
    expect(w.get('d/a')).toBe('text');
  });

  it('lead to directories', () => {
    using w = inside();
    w.root.createDirectoryAt('d');
    w.put('d/a', 'text');
    w.root.symlinkAt('d', 'l');
    expect(text(readAll(openFile(openDirectory(w.root, 'l'), 'a')))).toBe('text');
    expect(entriesOf(openDirectory(w.root, 'l/')).map(({ name }) => name)).toEqual(['a']);
    expect(entriesOf(w.root)).toContainEqual({ type: 'symbolic-link', name: 'l' });
  });

  it('lead nowhere where they lead out, and are not made so', () => {
    using w = inside();
    symlinkSync('../outside', join(w.directory, 'out'));
    symlinkSync('/etc/passwd', join(w.directory, 'absolute'));
    for (const path of ['out', 'absolute', 'out/x']) {
      const codes = ['access', 'not-permitted', 'loop', 'not-directory'];
      expect(codes, path).toContain(codeOf(() => openFile(w.root, path)));
      expect(codes, path).toContain(codeOf(() => w.root.statAt(FOLLOW, path)));
    }
    expect(codeOf(() => w.root.readlinkAt('absolute'))).toBe('not-permitted');
    expect(codeOf(() => w.root.symlinkAt('/etc/passwd', 'new'))).toBe('not-permitted');
    expect(['access', 'not-permitted']).toContain(codeOf(() => w.root.symlinkAt('../outside', 'new')));
  });
});

describe('links in a mount that follows none', () => {
  it('are neither followed nor made', () => {
    using w = mounted();
    w.put('a', 'text');
    symlinkSync('a', join(w.directory, 'l'));
    expect(['loop', 'access', 'not-permitted']).toContain(codeOf(() => openFile(w.root, 'l')));
    expect(['unsupported', 'not-permitted', 'access']).toContain(codeOf(() => w.root.symlinkAt('a', 'new')));
  });

  it('that are hard links are not made', () => {
    using w = mounted();
    w.put('a', 'text');
    expect(['not-permitted', 'access', 'unsupported']).toContain(codeOf(() => w.root.linkAt(FOLLOW, 'a', w.root, 'b')));
    linkSync(join(w.directory, 'a'), join(w.directory, 'b'));
    expect(w.root.statAt(FOLLOW, 'b').linkCount).toBe(2n);
  });
});

describe('what the policy does not allow', () => {
  it('is access, whether there is such a file or not, and is recorded', () => {
    using w = mounted({ allow: ({ resource }) => !resource.startsWith('/workspace/secret') });
    w.put('secret', 'x');
    for (const path of ['secret', 'secret-that-is-not-there']) {
      expect(codeOf(() => openFile(w.root, path))).toBe('access');
      expect(codeOf(() => w.root.statAt(FOLLOW, path))).toBe('access');
      expect(codeOf(() => openFile(w.root, path, 'w', 'create'))).toBe('access');
      expect(codeOf(() => w.root.createDirectoryAt(path))).toBe('access');
      expect(codeOf(() => w.root.unlinkFileAt(path))).toBe('access');
      expect(codeOf(() => w.root.renameAt(path, w.root, 'public'))).toBe('access');
    }
    expect(w.records.filter(({ type }) => type === 'effect.denied')).toHaveLength(12);
    expect(w.get('secret')).toBe('x');
  });

  it('is decided by what is asked for', () => {
    using w = mounted({ allow: ({ action }) => action === 'fs:read' || action === 'fs:stat' });
    w.put('a', 'text');
    expect(text(readAll(openFile(w.root, 'a')))).toBe('text');
    expect(codeOf(() => openFile(w.root, 'a', 'rw'))).toBe('access');
    expect(codeOf(() => openFile(w.root, 'a', 'r', 'truncate'))).toBe('access');
    expect(codeOf(() => w.root.readDirectory())).toBe('access');
    expect(codeOf(() => w.root.setTimesAt(FOLLOW, 'a', KEEP, KEEP))).toBe('access');
    expect(w.get('a')).toBe('text');
  });

  it('shows an attempt to leave a directory in the record', () => {
    using w = mounted();
    expect(codeOf(() => openFile(w.root, '../outside/x'))).toBe('not-permitted');
    expect(w.records.at(-1)).toMatchObject({ type: 'effect.denied', decision: { reason: 'invalid-request' } });
  });
});
