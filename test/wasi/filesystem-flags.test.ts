import { describe, expect, it } from 'vitest';
import {
  bytes,
  codeOf,
  descriptorFlags,
  filesRun,
  FOLLOW,
  NO_FOLLOW,
  openDirectory,
  openFile,
  openFlags,
  type GuestDescriptor,
} from './guest-files.ts';
import { scriptedFiles } from './scripted-files.ts';

const KEEP = { tag: 'no-change' } as const;

type Use = readonly [string, (open: GuestDescriptor, other: GuestDescriptor) => unknown];

const CHANGES_OF_DIRECTORY: readonly Use[] = [
  ['create-directory-at', (open) => open.createDirectoryAt('a')],
  ['remove-directory-at', (open) => open.removeDirectoryAt('a')],
  ['unlink-file-at', (open) => open.unlinkFileAt('a')],
  ['rename-at from it', (open, other) => open.renameAt('a', other, 'b')],
  ['rename-at to it', (open, other) => other.renameAt('a', open, 'b')],
  ['symlink-at', (open) => open.symlinkAt('x', 'a')],
  ['link-at to it', (open, other) => other.linkAt(FOLLOW, 'a', open, 'b')],
  ['set-times-at', (open) => open.setTimesAt(NO_FOLLOW, 'a', KEEP, KEEP)],
  ['set-times', (open) => open.setTimes(KEEP, KEEP)],
  ['open-at to write', (open) => openFile(open, 'a', 'w')],
  ['open-at to create', (open) => openFile(open, 'a', 'r', 'create')],
  ['open-at to empty', (open) => openFile(open, 'a', 'r', 'truncate')],
  ['open-at to change below', (open) => open.openAt(FOLLOW, 'a', openFlags(), descriptorFlags('mutateDirectory'))],
];
const WRITES: readonly Use[] = [
  ['write', (open) => open.write(bytes('x'), 0n)],
  ['write-via-stream', (open) => open.writeViaStream(0n)],
  ['append-via-stream', (open) => open.appendViaStream()],
  ['set-size', (open) => open.setSize(0n)],
  ['set-times', (open) => open.setTimes(KEEP, KEEP)],
];
const READS: readonly Use[] = [
  ['read', (open) => open.read(1n, 0n)],
  ['read-via-stream', (open) => open.readViaStream(0n)],
];
const OF_FILES: readonly Use[] = [...READS, ...WRITES.slice(0, 4), ['advise', (open) => open.advise(0n, 1n, 'random')]];
const OF_DIRECTORIES: readonly Use[] = [
  ...CHANGES_OF_DIRECTORY.filter(([name]) => name !== 'set-times'),
  ['read-directory', (open) => open.readDirectory()],
  ['stat-at', (open) => open.statAt(FOLLOW, 'a')],
  ['metadata-hash-at', (open) => open.metadataHashAt(FOLLOW, 'a')],
  ['open-at', (open) => openFile(open, 'a')],
  ['readlink-at', (open) => open.readlinkAt('a')],
];

function opened() {
  const scripted = scriptedFiles();
  const { root } = filesRun(scripted.files);
  return { ...scripted, root: root('/w'), readOnly: root('/r') };
}

describe('a directory that may not be changed', () => {
  it.each(CHANGES_OF_DIRECTORY)('answers read-only before anything is asked: %s', (_, use) => {
    const { root, readOnly, calls } = opened();
    expect(codeOf(() => use(readOnly, root))).toBe('read-only');
    expect(calls).toEqual([]);
  });

  it('has none below it that may', () => {
    const { root, readOnly } = opened();
    const below = openDirectory(readOnly, 'd');
    expect(below.getFlags()).toEqual(descriptorFlags('read'));
    for (const [, use] of CHANGES_OF_DIRECTORY) expect(codeOf(() => use(below, root))).toBe('read-only');
  });

  it('is read like any other', () => {
    const { readOnly } = opened();
    expect(readOnly.readDirectory().readDirectoryEntry()).toBeUndefined();
    expect(openFile(readOnly, 'a').read(1n, 0n)).toEqual([new Uint8Array(0), true]);
  });
});

describe('a directory that may be changed', () => {
  it('has directories below it that may, whether or not they were asked for it', () => {
    const { root, calls } = opened();
    const below = openDirectory(root, 'd');
    expect(below.getFlags()).toEqual(descriptorFlags('read', 'mutateDirectory'));
    calls.length = 0;
    below.createDirectoryAt('a');
    expect(calls).toEqual(['makeDirectory /w/d/a']);
  });

  it('that was not opened to be read lists nothing', () => {
    const { root, calls } = opened();
    const below = root.openAt(FOLLOW, 'd', openFlags('directory'), descriptorFlags());
    expect(codeOf(() => below.readDirectory())).toBe('bad-descriptor');
    expect(calls).toEqual(['status /w/d true']);
  });
});

describe('a file', () => {
  it.each(WRITES)('that was opened to be read is not changed: %s', (_, use) => {
    const { root, calls } = opened();
    const file = openFile(root, 'a');
    calls.length = 0;
    expect(codeOf(() => use(file, root))).toBe('bad-descriptor');
    expect(calls).toEqual([]);
  });

  it.each(WRITES)('that was created without writing is not changed: %s', (_, use) => {
    const { root, calls } = opened();
    const file = openFile(root, 'a', 'r', 'create', 'truncate');
    calls.length = 0;
    expect(codeOf(() => use(file, root))).toBe('bad-descriptor');
    expect(calls).toEqual([]);
  });

  it.each(READS)('that was opened to be written is not read: %s', (_, use) => {
    const { root, calls } = opened();
    const file = openFile(root, 'a', 'w');
    calls.length = 0;
    expect(codeOf(() => use(file, root))).toBe('bad-descriptor');
    expect(calls).toEqual([]);
  });

  it.each([...READS, ...WRITES])('that was opened for both can be used for both: %s', (_, use) => {
    const { root } = opened();
    expect(() => use(openFile(root, 'a', 'rw'), root)).not.toThrow();
  });

  it('that was opened for nothing can only be looked at', () => {
    const { root } = opened();
    const file = root.openAt(FOLLOW, 'a', openFlags(), descriptorFlags());
    for (const [, use] of [...READS, ...WRITES]) expect(codeOf(() => use(file, root))).toBe('bad-descriptor');
    expect(file.stat().type).toBe('regular-file');
    expect(file.getType()).toBe('regular-file');
    file.advise(0n, 0n, 'normal');
  });

  it('says what it was opened for, and no more', () => {
    const { root } = opened();
    const asked = descriptorFlags('read', 'write', 'dataIntegritySync', 'requestedWriteSync', 'mutateDirectory');
    const file = root.openAt(FOLLOW, 'a', openFlags(), asked);
    expect(file.getFlags()).toEqual({ ...asked, mutateDirectory: false });
  });
});

describe('a descriptor of the other kind', () => {
  it.each(OF_FILES)('has no %s', (_, use) => {
    const { root } = opened();
    expect(codeOf(() => use(root, root))).toBe('is-directory');
  });

  it.each(OF_DIRECTORIES)('has no %s', (_, use) => {
    const { root } = opened();
    expect(codeOf(() => use(openFile(root, 'a', 'rw'), root))).toBe('not-directory');
  });

  it('is synchronised without effect where it is a directory', () => {
    const { root, calls } = opened();
    root.sync();
    root.syncData();
    expect(calls).toEqual([]);
  });
});
