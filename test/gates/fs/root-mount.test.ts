import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CREATE, errorOf, READ, valueOf } from './file-answers.ts';
import { bytes, fsFixture, fsTagOf, mountOf, text, type FsFixtureOptions } from './fs-fixture.ts';

/** `/` shows a directory `root`, which has a directory `workspace` of its own below the mount of that name. */
function rooted(options: FsFixtureOptions & { readonly symlinks?: 'inside' } = {}) {
  const { symlinks, ...rest } = options;
  const fixture = fsFixture({
    ...rest,
    more: (folder) => {
      mkdirSync(join(folder, 'root/workspace'), { recursive: true });
      writeFileSync(join(folder, 'root/workspace/hidden'), 'hidden');
      writeFileSync(join(folder, 'root/top'), 'top');
      return [
        mountOf('/', join(folder, 'root'), {
          quota: { bytes: 1000, files: 10 },
          ...(symlinks === undefined ? {} : { symlinks }),
        }),
      ];
    },
  });
  writeFileSync(join(fixture.root, 'shown'), 'shown');
  return Object.assign(fixture, { at: join(fixture.folder, 'root') });
}

describe('a mount at `/`', () => {
  it('shows what no other mount does: the longest path counts', async () => {
    using fixture = rooted();
    const { files } = fixture.gate;
    expect(files.roots.map(({ path }) => path)).toEqual(['/workspace', '/']);
    const read = (path: string): string => text(valueOf(valueOf(files.open(path, READ)).read(0n, 100)));
    expect([read('/top'), read('/workspace/shown')]).toEqual(['top', 'shown']);
    expect(errorOf(files.open('/workspace/hidden', READ))).toBe('no-entry');
    expect(valueOf(valueOf(files.list('/')).next()).map(({ name }) => name)).toEqual(['top', 'workspace']);
    expect(text(await fixture.fs.read('/top'))).toBe('top');
    expect((await fixture.fs.list('/')).entries).toHaveLength(2);
  });

  it('is decided by whole paths, `/` itself included', () => {
    using fixture = rooted({ allow: ({ resource }) => resource !== '/' && !resource.startsWith('/private/') });
    const { files } = fixture.gate;
    expect(errorOf(files.status('/', true))).toBe('access');
    expect(errorOf(files.list('/'))).toBe('access');
    expect(errorOf(files.makeDirectory('/private'))).toBe('none');
    expect(errorOf(files.open('/private/x', CREATE))).toBe('access');
    expect(fixture.events.at(-1)).toMatchObject({ resource: '/private/x' });
  });

  it('is left by no path that is not canonical', async () => {
    using fixture = rooted();
    for (const path of ['//top', '/./top', '/../outside', '/top/', '/workspace/../top', ''])
      expect(await fsTagOf(fixture.fs.read(path)), path).not.toBe('none');
    expect(fixture.records.every(({ type }) => type === 'effect.denied')).toBe(true);
  });

  it('cannot be removed, renamed or replaced', () => {
    using fixture = rooted();
    const { files } = fixture.gate;
    for (const answer of [
      files.removeDirectory('/'),
      files.removeFile('/'),
      files.rename('/', '/x'),
      files.rename('/top', '/'),
      files.rename('/workspace', '/x'),
    ])
      expect(['access', 'cross-device', 'busy']).toContain(errorOf(answer));
    expect(errorOf(files.makeDirectory('/'))).toBe('exist');
  });

  it('follows links inside of it by the names that a guest sees: what another mount covers stays covered', () => {
    using fixture = rooted({ symlinks: 'inside' });
    const { files } = fixture.gate;
    symlinkSync('top', join(fixture.at, 'link'));
    symlinkSync('workspace/hidden', join(fixture.at, 'covered'));
    symlinkSync('workspace/shown', join(fixture.at, 'through'));
    symlinkSync('../outside', join(fixture.at, 'out'));
    const open = (path: string) => files.open(path, READ);
    expect(text(valueOf(valueOf(open('/link')).read(0n, 10)))).toBe('top');
    expect(fixture.records.at(-1)?.accesses?.map(({ resource }) => resource)).toEqual(['/link', '/top']);
    expect(errorOf(open('/covered'))).toBe('no-entry');
    expect(text(valueOf(valueOf(open('/through')).read(0n, 10)))).toBe('shown');
    expect(errorOf(open('/out'))).toBe('loop');
    expect(errorOf(files.symbolicLink('top', '/made'))).toBe('none');
    expect(errorOf(files.symbolicLink('../outside', '/made-too'))).toBe('not-permitted');
  });

  it('has its own quota', () => {
    using fixture = rooted();
    const { files } = fixture.gate;
    const file = valueOf(files.open('/new', CREATE));
    expect(errorOf(file.write(0n, bytes('x'.repeat(2000))))).toBe('quota');
    expect(errorOf(file.write(0n, bytes('x'.repeat(500))))).toBe('none');
    file.close();
    expect(readFileSync(join(fixture.at, 'new'), 'utf8')).toHaveLength(500);
    const other = valueOf(files.open('/workspace/new', CREATE));
    expect(errorOf(other.write(0n, bytes('x'.repeat(2000))))).toBe('none');
    other.close();
  });
});
