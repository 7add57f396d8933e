import { describe, expect, it } from 'vitest';
import {
  codeOf,
  filesRun,
  FOLLOW,
  NO_FOLLOW,
  openDirectory,
  openFile,
  type GuestDescriptor,
} from '../../wasi/guest-files.ts';
import { scriptedFiles } from '../../wasi/scripted-files.ts';

const KEEP = { tag: 'no-change' } as const;

/** Every call that takes a path, with the path where a guest would put one that leads out. */
const CALLS: readonly (readonly [string, (open: GuestDescriptor, path: string) => unknown])[] = [
  ['open-at', (open, path) => openFile(open, path)],
  ['open-at to create', (open, path) => openFile(open, path, 'w', 'create')],
  ['open-at of a directory', (open, path) => openDirectory(open, path)],
  ['stat-at', (open, path) => open.statAt(FOLLOW, path)],
  ['metadata-hash-at', (open, path) => open.metadataHashAt(NO_FOLLOW, path)],
  ['set-times-at', (open, path) => open.setTimesAt(FOLLOW, path, KEEP, KEEP)],
  ['create-directory-at', (open, path) => open.createDirectoryAt(path)],
  ['remove-directory-at', (open, path) => open.removeDirectoryAt(path)],
  ['unlink-file-at', (open, path) => open.unlinkFileAt(path)],
  ['readlink-at', (open, path) => open.readlinkAt(path)],
  ['rename-at from', (open, path) => open.renameAt(path, open, 'a')],
  ['rename-at to', (open, path) => open.renameAt('a', open, path)],
  ['symlink-at', (open, path) => open.symlinkAt('a', path)],
  ['link-at from', (open, path) => open.linkAt(FOLLOW, path, open, 'a')],
  ['link-at to', (open, path) => open.linkAt(FOLLOW, 'a', open, path)],
];

const OUT = [
  '..',
  '../',
  '../r/a',
  '../../etc/passwd',
  'a/../..',
  './/../w/d',
  'a/b/../../../d/x',
  '/',
  '/etc/passwd',
  '/w/d/a',
  '//d/a',
];

function opened() {
  const scripted = scriptedFiles();
  const { root } = filesRun(scripted.files);
  return { ...scripted, root: root('/w'), below: openDirectory(root('/w'), 'd') };
}

describe.each(CALLS)('%s', (_, use) => {
  it('leads nowhere but below its directory, and the attempt is shown to the service as it stands', () => {
    for (const path of OUT) {
      const { below, calls } = opened();
      calls.length = 0;
      expect(
        codeOf(() => use(below, path)),
        path,
      ).toBe('not-permitted');
      expect(calls, path).toEqual([`status /w/d/${path} false`]);
    }
  });

  it('leads upwards inside its directory', () => {
    const { below, calls } = opened();
    calls.length = 0;
    try {
      use(below, 'b/../c');
    } catch {
      // link-at is denied always
    }
    expect(calls[0]).toContain('/w/d/c');
  });

  it('needs a name', () => {
    const { below, calls } = opened();
    calls.length = 0;
    expect(codeOf(() => use(below, ''))).toBe('no-entry');
    expect(calls).toEqual([]);
  });

  it('takes no path apart that is too long for anybody', () => {
    const { below } = opened();
    expect(codeOf(() => use(below, './'.repeat(500_000)))).toBe('name-too-long');
  });
});

describe('a descriptor of a directory', () => {
  it('reaches above itself through none below it', () => {
    const { root } = opened();
    const deep = openDirectory(openDirectory(root, 'd'), 'e');
    expect(codeOf(() => openFile(deep, '../f'))).toBe('not-permitted');
    expect(codeOf(() => deep.renameAt('a', deep, '../a'))).toBe('not-permitted');
  });

  it('is not that of another preopen, whatever their names are', () => {
    const { root } = opened();
    expect(codeOf(() => openFile(root, '../r/a'))).toBe('not-permitted');
  });
});
