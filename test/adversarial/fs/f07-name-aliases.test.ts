import { mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MountFiles } from '../../../host/gates/fs/files.ts';
import { createMountFiles } from '../../../host/powers/mount-files.ts';
import { lookUp, type LookUp } from '../../../host/powers/name-aliases.ts';
import { createRandom } from '../../../host/powers/random.ts';
import { bytes, fsFixture, fsErrorOf, fsTagOf, realFiles, text } from '../../gates/fs/fs-fixture.ts';

/** A file system that folds case, over one that does not: this machine may have none. */
function folding(root: () => string): MountFiles {
  const look: LookUp = (path) => {
    const folder = path.slice(0, path.lastIndexOf('/'));
    const asked = path.slice(folder.length + 1).toLowerCase();
    const name = readdirSync(folder).find((known) => known.toLowerCase() === asked);
    return name === undefined ? undefined : lookUp(`${folder}/${name}`);
  };
  const isFolding = (path: string): boolean =>
    root() !== '' && realpathSync(path.slice(0, path.lastIndexOf('/'))).startsWith(root());
  return createMountFiles({ random: createRandom(), look: (path) => (isFolding(path) ? look(path) : lookUp(path)) });
}

describe('F7: a directory that takes two spellings for one name', () => {
  it('is refused as a mount, whether there is something in it or not', () => {
    using fixture = fsFixture();
    const { root } = fixture;
    expect(() => folding(() => root).open(root, { access: 'rw' })).toThrow(/takes two spellings for one name/);
    expect(readdirSync(root)).toEqual([]);
    writeFileSync(join(root, 'Makefile'), '');
    expect(() => folding(() => root).open(root, { access: 'ro' })).toThrow(/takes two spellings for one name/);
    realFiles().open(root, { access: 'rw' }).close();
  });

  it('is left alone below a mount', async () => {
    const at = { folder: '' };
    using fixture = fsFixture({ files: () => folding(() => at.folder) });
    const { fs, root } = fixture;
    at.folder = join(root, 'folding');
    mkdirSync(join(root, 'folding'));
    mkdirSync(join(root, 'plain'));
    for (const folder of ['folding', 'plain']) writeFileSync(join(root, folder, 'Makefile'), 'kept');
    const path = '/workspace/folding/Makefile';
    for (const call of [
      fs.read(path),
      fs.write(path, bytes('x')),
      fs.append(path, bytes('x')),
      fs.stat(path),
      fs.remove(path),
    ])
      expect(await fsTagOf(call)).toBe('denied:protected-resource');
    expect(readFileSync(join(root, 'folding/Makefile'), 'utf8')).toBe('kept');
    expect(text(await fs.read('/workspace/plain/Makefile'))).toBe('kept');
  });
});

describe('F7: two spellings are two resources, and one resource has one spelling', () => {
  it('refuses a name that is not in normalization form C', async () => {
    using fixture = fsFixture();
    const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301'];
    writeFileSync(join(fixture.root, decomposed), 'decomposed');
    const refused = await fsErrorOf(fixture.fs.read(`/workspace/${decomposed}`));
    expect(refused).toEqual({ tag: 'invalid-path', val: 'path: not in Unicode normalization form C' });
    expect(await fsTagOf(fixture.fs.read(`/workspace/${composed}`))).toBe('not-found');
  });

  it('shows in a listing only names that can be asked for, and counts the others', async () => {
    using fixture = fsFixture();
    writeFileSync(join(fixture.root, 'cafe\u0301'), '');
    writeFileSync(join(fixture.root, 'a\nb'), '');
    writeFileSync(join(fixture.root, 'a\\b'), '');
    writeFileSync(Buffer.concat([Buffer.from(`${fixture.root}/`), Buffer.from([0xff, 0xfe])]), '');
    writeFileSync(join(fixture.root, 'caf\u00e9'), '');
    const { entries } = await fixture.fs.list('/workspace');
    expect(entries.map(({ name }) => name)).toEqual(['caf\u00e9']);
    expect(fixture.records.at(-1)?.outcome?.detail).toEqual({ entries: 1, skipped: 4 });
  });

  it('tells names of different case apart', async () => {
    using fixture = fsFixture({ allow: ({ resource }) => resource === '/workspace/Makefile' });
    await fixture.fs.write('/workspace/Makefile', bytes('upper'));
    expect(await fsTagOf(fixture.fs.write('/workspace/makefile', bytes('lower')))).toBe('denied:no-rule');
    expect(readdirSync(fixture.root)).toEqual(['Makefile']);
  });

  it('keeps compatibility characters apart from the letters that they look like', async () => {
    using fixture = fsFixture();
    await fixture.fs.write('/workspace/\uff46', bytes('wide'));
    expect(await fsTagOf(fixture.fs.read('/workspace/f'))).toBe('not-found');
    expect(await fsTagOf(fixture.fs.read('/workspace/\u2024\u2024/outside/secret'))).toBe('not-found');
    expect(text(await fixture.fs.read('/workspace/\uff46'))).toBe('wide');
  });

  it('protects names whatever their case', async () => {
    using fixture = fsFixture();
    expect(await fsTagOf(fixture.fs.write('/workspace/.BashRC', bytes('x')))).toBe('denied:protected-resource');
    expect(await fsTagOf(fixture.fs.read('/workspace/.ENV'))).toBe('denied:protected-resource');
  });
});
