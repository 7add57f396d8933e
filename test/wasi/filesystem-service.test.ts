import { describe, expect, it } from 'vitest';
import type { FileError } from '../../host/contracts/file-service.ts';
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
  type GuestDescriptor,
} from './guest-files.ts';
import { call, createWasiRun, members, thrownBy } from './run.ts';
import { answered, failed, scriptedFiles, status } from './scripted-files.ts';

const KEEP = { tag: 'no-change' } as const;
const at = (seconds: bigint, nanoseconds: number) => ({ tag: 'timestamp', val: { seconds, nanoseconds } }) as const;

function opened(answers: Parameters<typeof scriptedFiles>[0] = {}) {
  const scripted = scriptedFiles(answers);
  const { run, root } = filesRun(scripted.files);
  return { ...scripted, run, root: root('/w'), readOnly: root('/r') };
}

describe('the preopened directories', () => {
  it('are those that the service shows, with what may be done there', () => {
    const { root, readOnly } = opened();
    expect(root.getFlags()).toEqual(descriptorFlags('read', 'mutateDirectory'));
    expect(readOnly.getFlags()).toEqual(descriptorFlags('read'));
    expect(root.getType()).toBe('directory');
  });

  it('are none where no directory is shown', () => {
    const run = createWasiRun();
    expect(call(members(run, 'wasi:filesystem/preopens'), 'getDirectories')).toEqual([]);
  });
});

describe('a function', () => {
  const done = (work: (root: GuestDescriptor, sub: GuestDescriptor) => unknown) => {
    const { root, calls } = opened();
    const sub = openDirectory(root, 'd');
    calls.length = 0;
    work(root, sub);
    return calls;
  };

  it.each<[string, (root: GuestDescriptor, sub: GuestDescriptor) => unknown, string]>([
    ['create-directory-at', (root) => root.createDirectoryAt('a'), 'makeDirectory /w/a'],
    ['create-directory-at below', (_, sub) => sub.createDirectoryAt('a/'), 'makeDirectory /w/d/a'],
    ['remove-directory-at', (root) => root.removeDirectoryAt('a/'), 'removeDirectory /w/a'],
    ['unlink-file-at', (root) => root.unlinkFileAt('a/../b'), 'removeFile /w/b'],
    ['rename-at', (root, sub) => root.renameAt('a', sub, 'b'), 'rename /w/a /w/d/b'],
    ['symlink-at', (_, sub) => sub.symlinkAt('../x', 'l'), 'symbolicLink ../x /w/d/l'],
    ['readlink-at', (root) => root.readlinkAt('l'), 'readLink /w/l'],
    ['stat', (root) => root.stat(), 'status /w true'],
    ['stat-at', (root) => root.statAt(FOLLOW, 'a'), 'status /w/a true'],
    ['stat-at of a link', (root) => root.statAt(NO_FOLLOW, 'a'), 'status /w/a false'],
    ['stat-at of a link with a slash', (root) => root.statAt(NO_FOLLOW, 'a/'), 'status /w/a true'],
    ['stat-at of itself', (root) => root.statAt(NO_FOLLOW, '.'), 'status /w true'],
    ['metadata-hash', (root) => root.metadataHash(), 'status /w true'],
    ['metadata-hash-at', (root) => root.metadataHashAt(NO_FOLLOW, 'a'), 'status /w/a false'],
    ['read-directory', (root) => root.readDirectory(), 'list /w'],
    [
      'set-times-at',
      (root) => root.setTimesAt(NO_FOLLOW, 'a', KEEP, at(5n, 7)),
      'setTimes /w/a false keep {"ns":5000000007}',
    ],
    ['set-times', (_, sub) => sub.setTimes({ tag: 'now' }, KEEP), 'setTimes /w/d true now keep'],
  ])('%s is one call of the service', (_, work, expected) => {
    expect(done(work)).toEqual([expected]);
  });

  it('link-at is a call of the service, which denies it', () => {
    const { root, calls } = opened();
    expect(codeOf(() => root.linkAt(FOLLOW, 'a', root, 'b'))).toBe('not-permitted');
    expect(calls).toEqual(['hardLink /w/a /w/b']);
  });

  it('answers with each error of the service as it is', () => {
    const codes: FileError[] = [
      'access',
      'not-permitted',
      'no-entry',
      'exist',
      'not-directory',
      'is-directory',
      'not-empty',
      'loop',
      'name-too-long',
      'illegal-byte-sequence',
      'read-only',
      'insufficient-space',
      'quota',
      'file-too-large',
      'invalid',
      'bad-descriptor',
      'busy',
      'cross-device',
      'unsupported',
      'io',
    ];
    for (const code of codes) {
      const { root } = opened({ status: failed(code), makeDirectory: failed(code), 'file.read': failed(code) });
      expect(codeOf(() => root.statAt(FOLLOW, 'a'))).toBe(code);
      expect(codeOf(() => root.createDirectoryAt('a'))).toBe(code);
      expect(codeOf(() => openFile(root, 'a').read(1n, 0n))).toBe(code);
    }
  });

  it('refuses a time with more nanoseconds than a second has, before anything is asked', () => {
    const { root, calls } = opened();
    expect(codeOf(() => root.setTimesAt(FOLLOW, 'a', KEEP, at(1n, 1_000_000_000)))).toBe('invalid');
    expect(calls).toEqual([]);
  });

  it('reads no link that would tell a place on the machine', () => {
    const { root } = opened({ readLink: answered('/home/x') });
    expect(codeOf(() => root.readlinkAt('l'))).toBe('not-permitted');
  });
});

describe('metadata', () => {
  it('is that of the service, with times in seconds and nanoseconds', () => {
    const { root } = opened({ status: status({ type: 'link', links: 2n, accessedNs: -1n }) });
    expect(root.statAt(NO_FOLLOW, 'a')).toEqual({
      type: 'symbolic-link',
      linkCount: 2n,
      size: 5n,
      dataAccessTimestamp: undefined,
      dataModificationTimestamp: { seconds: 2n, nanoseconds: 2 },
      statusChangeTimestamp: { seconds: 3n, nanoseconds: 3 },
    });
  });

  it('hashes to a lower half that is the object and an upper half that changes with it', () => {
    const hash = (rest: Parameters<typeof status>[0]) => opened({ status: status(rest) }).root.metadataHash();
    const first = hash({});
    expect(hash({ accessedNs: 9n, links: 3n })).toEqual(first);
    for (const changed of [{ size: 6n }, { modifiedNs: 9n }, { changedNs: 9n }]) {
      expect(hash(changed).lower).toBe(first.lower);
      expect(hash(changed).upper).not.toBe(first.upper);
    }
    expect(hash({ identity: 43n }).lower).not.toBe(first.lower);
  });

  it('tells whether two descriptors are one object', () => {
    const { root, readOnly } = opened();
    expect(root.isSameObject(readOnly)).toBe(true);
    const { root: unknown } = opened({ status: failed('access') });
    expect(unknown.isSameObject(unknown)).toBe(false);
  });
});

describe('opening', () => {
  it.each<[string, (root: GuestDescriptor) => unknown, string]>([
    ['to read', (root) => openFile(root, 'a'), 'r-----'],
    ['to write', (root) => openFile(root, 'a', 'w'), '-w----'],
    ['for both', (root) => openFile(root, 'a', 'rw'), 'rw----'],
    ['to create', (root) => openFile(root, 'a', 'w', 'create'), '-wc---'],
    ['to create one that is not there', (root) => openFile(root, 'a', 'w', 'create', 'exclusive'), '-wce--'],
    ['to empty', (root) => openFile(root, 'a', 'w', 'truncate'), '-w--t-'],
    ['to create without writing', (root) => openFile(root, 'a', 'r', 'create'), 'rwc---'],
    ['exclusively without creating', (root) => openFile(root, 'a', 'r', 'exclusive'), 'r-----'],
    ['for nothing', (root) => root.openAt(NO_FOLLOW, 'a', openFlags(), descriptorFlags()), 'r----n'],
  ])('%s asks for just that', (_, work, how) => {
    const { root, calls } = opened();
    work(root);
    const [name, path, asked] = calls[0]?.split(' ') ?? [];
    expect([name, path]).toEqual(['open', '/w/a']);
    const { read, write, create, exclusive, truncate, follow } = JSON.parse(asked ?? '') as Record<string, boolean>;
    const letters = [read && 'r', write && 'w', create && 'c', exclusive && 'e', truncate && 't', !follow && 'n'];
    expect(letters.map((letter) => (letter === false ? '-' : letter)).join('')).toBe(how);
  });

  it('a directory looks at it, and opens nothing', () => {
    const { root, calls } = opened();
    for (const path of ['d', 'd/', 'd/.']) openDirectory(root, path);
    openFile(root, 'd/');
    expect(calls).toEqual(Array(4).fill('status /w/d true'));
  });

  it('without saying so finds out that it is a directory', () => {
    const { root, calls } = opened({ open: failed('is-directory') });
    expect(openFile(root, 'd').getType()).toBe('directory');
    expect(calls.map((line) => line.split(' ')[0])).toEqual(['open', 'status']);
    expect(codeOf(() => openFile(root, 'd', 'w'))).toBe('is-directory');
    expect(codeOf(() => openFile(root, 'd', 'r', 'create'))).toBe('is-directory');
  });

  it.each([
    ['a file as a directory', ['directory'], 'r', 'not-directory'],
    ['a directory that is created', ['directory', 'create'], 'r', 'invalid'],
    ['a directory exclusively', ['directory', 'exclusive'], 'r', 'invalid'],
    ['a directory to empty it', ['directory', 'truncate'], 'r', 'invalid'],
  ] as const)('%s is refused', (_, flags, mode, code) => {
    const { root } = opened({ status: status({ type: 'file' }) });
    expect(codeOf(() => openFile(root, 'a', mode, ...flags))).toBe(code);
  });

  it('a directory to write it is refused, and so is a file whose name ends as a directory', () => {
    const { root } = opened();
    expect(codeOf(() => openFile(root, 'd', 'rw', 'directory'))).toBe('is-directory');
    expect(codeOf(() => openFile(root, 'new/', 'w', 'create'))).toBe('is-directory');
  });
});

describe('a name that is written as a directory', () => {
  it.each<[string, (root: GuestDescriptor) => unknown]>([
    ['stat-at', (root) => root.statAt(FOLLOW, 'a/')],
    ['metadata-hash-at', (root) => root.metadataHashAt(FOLLOW, 'a/.')],
    ['open-at', (root) => openFile(root, 'a/')],
    ['unlink-file-at', (root) => root.unlinkFileAt('a/')],
    ['rename-at', (root) => root.renameAt('a/', root, 'b')],
    ['rename-at to it', (root) => root.renameAt('a', root, 'b/')],
    ['readlink-at', (root) => root.readlinkAt('a/')],
    ['set-times-at', (root) => root.setTimesAt(NO_FOLLOW, 'a/', KEEP, KEEP)],
  ])('must be one: %s', (_, work) => {
    const { root, calls } = opened({ status: status({ type: 'file' }) });
    expect(codeOf(() => work(root))).toBe('not-directory');
    expect(calls.every((line) => line.startsWith('status '))).toBe(true);
  });

  it.each<[string, (root: GuestDescriptor) => unknown, string]>([
    ['unlink-file-at', (root) => root.unlinkFileAt('a/'), 'is-directory'],
    ['readlink-at', (root) => root.readlinkAt('a/'), 'invalid'],
    ['symlink-at', (root) => root.symlinkAt('x', 'a/'), 'exist'],
    ['symlink-at without target', (root) => root.symlinkAt('', 'a'), 'no-entry'],
    ['symlink-at out of the mount', (root) => root.symlinkAt('/x', 'a'), 'not-permitted'],
    ['create-directory-at', (root) => root.createDirectoryAt('.'), 'exist'],
    ['remove-directory-at', (root) => root.removeDirectoryAt('a/..'), 'invalid'],
    ['rename-at', (root) => root.renameAt('.', root, 'a'), 'busy'],
    ['rename-at to it', (root) => root.renameAt('a', root, './'), 'busy'],
  ])('is refused where a directory has no place: %s', (_, work, code) => {
    const { root } = opened();
    expect(codeOf(() => work(root))).toBe(code);
  });
});

describe('the entries of a directory', () => {
  it('come a page at a time, and then no more', () => {
    const pages = [
      [
        { name: 'a', type: 'file' },
        { name: 'l', type: 'link' },
      ],
      [{ name: 'o', type: 'other' }],
    ];
    const { root, calls } = opened({ list: answered({ next: () => answered(pages.shift() ?? []) }) });
    expect(entriesOf(root)).toEqual([
      { type: 'regular-file', name: 'a' },
      { type: 'symbolic-link', name: 'l' },
      { type: 'unknown', name: 'o' },
    ]);
    expect(calls).toEqual(['list /w']);
  });

  it('that end have ended, even if there would be more', () => {
    const pages = [[], [{ name: 'late', type: 'file' }]];
    const { root } = opened({ list: answered({ next: () => answered(pages.shift() ?? []) }) });
    const stream = root.readDirectory();
    expect(stream.readDirectoryEntry()).toBeUndefined();
    expect(stream.readDirectoryEntry()).toBeUndefined();
  });

  it('fail where the service fails', () => {
    const { root } = opened({ list: answered({ next: () => failed('access') }) });
    const stream = root.readDirectory();
    expect(codeOf(() => stream.readDirectoryEntry())).toBe('access');
  });
});

describe('a stream of a file', () => {
  it('reads on from its offset to the end', () => {
    const { root, calls } = opened({ 'file.read': ['ab', 'c'].map((part) => answered(bytes(part))) });
    const stream = openFile(root, 'a').readViaStream(7n);
    expect(Buffer.from(stream.read(9n)).toString()).toBe('ab');
    expect(Buffer.from(stream.read(9n)).toString()).toBe('c');
    expect(thrownBy(() => stream.read(9n))).toEqual({ payload: { tag: 'closed' } });
    expect(calls.slice(1)).toEqual(['file.read 7 9', 'file.read 9 9', 'file.read 10 9']);
  });

  it('writes on from its offset, and appends where it appends', () => {
    const { root, calls } = opened();
    const file = openFile(root, 'a', 'w');
    calls.length = 0;
    const stream = file.writeViaStream(7n);
    stream.write(bytes('abc'));
    stream.write(bytes('d'));
    file.appendViaStream().write(bytes('e'));
    expect(calls).toEqual(['file.write 7 abc', 'file.write 10 d', 'file.append e']);
  });

  it.each(['read', 'write', 'append'] as const)('that cannot %s fails with an error that has its code', (way) => {
    const { root, run } = opened({ [`file.${way}`]: failed('access') });
    const file = openFile(root, 'a', 'rw');
    const error = thrownBy(() => {
      if (way === 'read') file.readViaStream(0n).read(1n);
      else (way === 'write' ? file.writeViaStream(0n) : file.appendViaStream()).write(bytes('x'));
    });
    expect(error).toMatchObject({ payload: { tag: 'last-operation-failed' } });
    const { val } = (error as { payload: { val: object } }).payload;
    expect(call(members(run, 'wasi:filesystem/types'), 'filesystemErrorCode', val)).toBe('access');
    expect(call(val, 'toDebugString')).not.toContain('access');
  });

  it('holds its file open when the descriptor is dropped, and the last of them closes it, once', () => {
    const { root, calls } = opened();
    const file = openFile(root, 'a', 'rw');
    const [input, output] = [file.readViaStream(0n), file.appendViaStream()];
    file[Symbol.dispose]();
    output.write(bytes('x'));
    input[Symbol.dispose]();
    expect(calls).not.toContain('file.close');
    output[Symbol.dispose]();
    expect(calls.filter((line) => line === 'file.close')).toHaveLength(1);
  });
});

describe('a file that was opened for synchronous writing', () => {
  it.each([
    ['fileIntegritySync', 'all'],
    ['dataIntegritySync', 'data'],
  ] as const)('with %s waits for the disk after each write', (flag, what) => {
    const { root, calls } = opened();
    const file = root.openAt(FOLLOW, 'a', openFlags(), descriptorFlags('write', flag));
    calls.length = 0;
    file.write(bytes('x'), 1n);
    file.appendViaStream().write(bytes('y'));
    expect(calls).toEqual(['file.write 1 x', `file.sync ${what}`, 'file.append y', `file.sync ${what}`]);
  });

  it('says so where the disk fails', () => {
    const { root } = opened({ 'file.sync': failed('io') });
    const file = root.openAt(FOLLOW, 'a', openFlags(), descriptorFlags('write', 'dataIntegritySync'));
    expect(codeOf(() => file.write(bytes('x'), 0n))).toBe('io');
  });
});
