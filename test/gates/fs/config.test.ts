import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exposedPaths, fsConfig, type FsSection } from '../../../host/gates/fs/config.ts';
import { createPathProbe } from '../../../host/powers/path-probe.ts';

describe('the configuration of mounts', () => {
  let folder = '';
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-mounts-')));
    for (const name of ['a/inner', 'ab', 'b']) mkdirSync(join(folder, name), { recursive: true });
    symlinkSync('b', join(folder, 'link-to-b'));
    writeFileSync(join(folder, 'file'), '');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function resolve(section: FsSection) {
    const problems: string[] = [];
    const config = fsConfig.resolve(fsConfig.schema.parse(section), {
      directory: folder,
      probe: createPathProbe(),
      problem: (path, message) => problems.push(`${path.join('.')}: ${message}`),
    });
    return { problems, config };
  }

  it('resolves directories from the folder of the file, read-only unless it says otherwise', () => {
    const { config, problems } = resolve({
      '/a': { directory: './a' },
      '/b': { directory: 'link-to-b', access: 'rw' },
    });
    expect(problems).toEqual([]);
    expect(config.mounts).toMatchObject([
      { path: '/a', directory: join(folder, 'a'), access: 'ro' },
      { path: '/b', directory: join(folder, 'b'), access: 'rw' },
    ]);
  });

  it('grants nothing when it is absent', () => {
    expect(resolve(fsConfig.absent).config.mounts).toEqual([]);
  });

  it.each<[string, FsSection, RegExp]>([
    ['a directory that is not there', { '/w': { directory: 'none' } }, /`none` does not exist/],
    ['a file', { '/w': { directory: 'file' } }, /`file` is not a directory/],
    ['the whole file system', { '/w': { directory: '/' } }, /too much for a mount/],
    ['the process table', { '/w': { directory: '/proc/self' } }, /too much for a mount/],
    ['devices', { '/w': { directory: '/dev' } }, /too much for a mount/],
    ['a relative virtual path', { w: { directory: 'a' } }, /not absolute/],
    ['a virtual path with a trailing slash', { '/w/': { directory: 'a' } }, /empty segment/],
    ['a virtual path with `..`', { '/w/../x': { directory: 'a' } }, /`\.\.`/],
    ['nested virtual paths', { '/w': { directory: 'a' }, '/w/x': { directory: 'b' } }, /overlaps the mount `\/w`/],
    ['nested directories', { '/w': { directory: 'a' }, '/x': { directory: 'a/inner' } }, /overlaps the directory/],
    ['one directory twice', { '/w': { directory: 'b' }, '/x': { directory: 'link-to-b' } }, /overlaps the directory/],
  ])('refuses %s', (_, section, message) => {
    const { problems } = resolve(section);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(message);
  });

  it('takes a mount at `/` for what no other shows, as long as no directory is shown twice', () => {
    const { config, problems } = resolve({
      '/w': { directory: 'b' },
      '/': { directory: 'a' },
      '/x/y': { directory: 'ab' },
    });
    expect(problems).toEqual([]);
    expect(config.mounts.map(({ path }) => path)).toEqual(['/w', '/', '/x/y']);
    expect(resolve({ '/': { directory: 'a' }, '/w': { directory: 'a/inner' } }).problems).toHaveLength(1);
    expect(resolve({ '/': { directory: '.', access: 'rw' } }).problems).toEqual([]);
    expect(resolve({ '/': { directory: '/' } }).problems[0]).toMatch(/too much for a mount/);
  });

  it('tells a sibling with the same beginning from a nested one', () => {
    expect(resolve({ '/a': { directory: 'a' }, '/ab': { directory: 'ab' } }).problems).toEqual([]);
  });

  it('refuses unknown keys and bad values', () => {
    expect(() => fsConfig.schema.parse({ '/w': { directory: 'a', acess: 'rw' } })).toThrow(/acess/);
    expect(() => fsConfig.schema.parse({ '/w': { directory: 'a', access: 'all' } })).toThrow();
    expect(() => fsConfig.schema.parse({ '/w': { directory: 'a', maxFileBytes: 0 } })).toThrow();
  });

  it('reads quota, links and protected names, and protects everything where it says nothing', () => {
    const [plain, full] = resolve({
      '/a': { directory: 'a', access: 'rw' },
      '/b': {
        directory: 'b',
        access: 'rw',
        quota: { bytes: 1000 },
        symlinks: 'inside',
        protect: { gitHooks: false, never: ['Deploy/Keys'] },
      },
    }).config.mounts;
    const all = { gitHooks: true, startUpFiles: true, secrets: true, never: [], unlessNamed: [] };
    expect(plain).toMatchObject({ symlinks: 'refuse', protect: all });
    expect(plain).not.toHaveProperty('quota');
    expect(full).toMatchObject({
      quota: { bytes: 1000, files: 100_000 },
      symlinks: 'inside',
      protect: { ...all, gitHooks: false, never: ['deploy/keys'] },
    });
  });

  it.each<[string, FsSection[string], RegExp]>([
    ['a quota where nothing is written', { directory: 'a', quota: { files: 1 } }, /quota is for mounts that are `rw`/],
    ['a protected name that is none', { directory: 'a', protect: { never: ['../x'] } }, /`\.\.\/x` is not a name/],
    ['a protected name from the root', { directory: 'a', protect: { unlessNamed: ['/x'] } }, /`\/x` is not a name/],
  ])('refuses %s', (_, section, message) => {
    expect(resolve({ '/w': section }).problems).toEqual([expect.stringMatching(message)]);
  });

  it('finds paths of the host that a writable mount would expose', () => {
    const { config } = resolve({ '/a': { directory: 'a', access: 'rw' }, '/b': { directory: 'b' } });
    const audit = join(folder, 'a/inner');
    expect(exposedPaths(config, [audit, folder, join(folder, 'b/policies'), join(folder, 'ab')])).toEqual([
      { mount: '/a', path: audit },
      { mount: '/a', path: folder },
    ]);
  });
});
