import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorOf, unsettled, valueOf } from './file-answers.ts';
import { fsFixture, mountOf, type FsFixtureOptions } from './fs-fixture.ts';

/** A directory `d` with a file, and one in a directory below it. */
function prepared(options: FsFixtureOptions = {}) {
  const fixture = fsFixture(options);
  mkdirSync(join(fixture.root, 'd/sub/empty'), { recursive: true });
  for (const name of ['d/a', 'd/sub/b']) writeFileSync(join(fixture.root, name), name);
  return Object.assign(fixture, {
    move: (source: string, target: string) =>
      errorOf(fixture.gate.files.rename(`/workspace/${source}`, `/workspace/${target}`)),
    tree: () => readdirSync(fixture.root, { recursive: true, encoding: 'utf8' }).sort(),
  });
}
const MOVED = ['e', 'e/a', 'e/sub', 'e/sub/b', 'e/sub/empty'];

describe('a directory that is renamed', () => {
  it('is moved with all that is below it, and every name is decided and recorded', () => {
    using fixture = prepared();
    expect(fixture.move('d', 'e')).toBe('none');
    expect(fixture.tree()).toEqual(MOVED);
    const [asked, , moved, end] = fixture.records;
    expect([asked?.type, moved?.type, end?.type]).toEqual(['effect.intended', 'effect.intended', 'effect.settled']);
    const names = moved?.accesses?.map(({ action, resource }) => `${action} ${resource}`) ?? [];
    for (const name of ['', '/a', '/sub', '/sub/b', '/sub/empty'])
      expect(names).toEqual(
        expect.arrayContaining([
          `fs:rename /workspace/d${name}`,
          `fs:rename /workspace/e${name}`,
          `fs:write /workspace/e${name}`,
        ]),
      );
    expect(unsettled(fixture.records)).toEqual([]);
    expect(errorOf(fixture.gate.files.status('/workspace/d/a', true))).toBe('no-entry');
    expect(valueOf(fixture.gate.files.status('/workspace/e/sub/b', true)).size).toBe(7n);
  });

  it.each([
    ['a name below the source', 'fs:rename', '/workspace/d/sub/b'],
    ['a name below the target', 'fs:rename', '/workspace/e/sub/b'],
    ['writing a name below the target', 'fs:write', '/workspace/e/sub/empty'],
    ['the source', 'fs:rename', '/workspace/d'],
    ['the target', 'fs:write', '/workspace/e'],
  ])('stays where it is if the policy denies %s', (_, action, resource) => {
    using fixture = prepared({ allow: (access) => access.action !== action || access.resource !== resource });
    expect(fixture.move('d', 'e')).toBe('access');
    expect(fixture.tree()).toEqual(MOVED.map((name) => name.replace('e', 'd')).sort());
    expect(fixture.records.at(-1)).toMatchObject({ type: 'effect.denied' });
  });

  it('takes no name along that is protected, here or there', () => {
    using fixture = prepared();
    mkdirSync(join(fixture.root, 'd/hooks'));
    writeFileSync(join(fixture.root, 'd/hooks/pre-commit'), 'evil');
    expect(fixture.move('d', '.git')).toBe('access');
    expect(fixture.move('d', 'x')).toBe('none');
    writeFileSync(join(fixture.root, 'x/.env'), 'secret');
    expect(fixture.move('x', 'y')).toBe('access');
    mkdirSync(join(fixture.root, '.ssh'));
    writeFileSync(join(fixture.root, '.ssh/key'), '');
    expect(fixture.move('.ssh', 'ssh')).toBe('access');
  });

  it('takes no links, hard links and names along that nobody can ask for', () => {
    using fixture = prepared({ mount: { symlinks: 'inside' } });
    symlinkSync('a', join(fixture.root, 'd/link'));
    expect(fixture.move('d', 'e')).toBe('cross-device');
    using hard = prepared();
    linkSync(join(hard.root, 'd/a'), join(hard.root, 'other'));
    expect(hard.move('d', 'e')).toBe('access');
    using odd = prepared();
    writeFileSync(join(odd.root, 'd', 'a\\b'), '');
    expect(odd.move('d', 'e')).toBe('access');
  });

  it('is left to the program where it is large', () => {
    using fixture = prepared();
    for (let index = 0; index < 300; index += 1) writeFileSync(join(fixture.root, 'd', `f${index}`), '');
    expect(fixture.move('d', 'e')).toBe('cross-device');
    expect(fixture.move('d/sub', 'sub')).toBe('none');
  });

  it('is left to the program where its names are long: a record has a bound', () => {
    using fixture = prepared();
    for (let index = 0; index < 100; index += 1)
      writeFileSync(join(fixture.root, 'd', `${String(index).padStart(3, '0')}${'"'.repeat(200)}`), '');
    expect(fixture.move('d', 'e')).toBe('cross-device');
    for (const record of fixture.records) expect(JSON.stringify(record).length).toBeLessThan(64 * 1024);
    using many = prepared();
    for (let index = 0; index < 240; index += 1) writeFileSync(join(many.root, 'd', `f${index}`), '');
    expect(many.move('d', 'e')).toBe('none');
    for (const record of many.records) expect(JSON.stringify(record).length).toBeLessThan(64 * 1024);
  });

  it('has the errors of POSIX', () => {
    using fixture = prepared();
    mkdirSync(join(fixture.root, 'empty'));
    writeFileSync(join(fixture.root, 'file'), '');
    expect(fixture.move('d', 'file')).toBe('not-directory');
    expect(fixture.move('file', 'd')).toBe('is-directory');
    expect(fixture.move('empty', 'd')).toBe('not-empty');
    expect(fixture.move('d', 'd/sub/in')).toBe('invalid');
    expect(fixture.move('d', 'none/e')).toBe('no-entry');
    expect(fixture.move('d', 'd')).toBe('none');
    expect(fixture.move('d', 'empty')).toBe('none');
    expect(readFileSync(join(fixture.root, 'empty/sub/b'), 'utf8')).toBe('d/sub/b');
    expect(fixture.faults).toEqual([]);
  });

  it('does not leave its mount, nor take another mount along', () => {
    using fixture = prepared({
      more: (folder) => {
        mkdirSync(join(folder, 'other'));
        mkdirSync(join(folder, 'root/x/y'), { recursive: true });
        return [mountOf('/other', join(folder, 'other')), mountOf('/', join(folder, 'root'))];
      },
    });
    const { files } = fixture.gate;
    expect(errorOf(files.rename('/workspace/d', '/other/d'))).toBe('cross-device');
    expect(errorOf(files.rename('/x', '/z'))).toBe('none');
    expect(errorOf(files.rename('/z', '/other'))).toBe('cross-device');
    expect(errorOf(files.rename('/other', '/z'))).toBe('cross-device');
  });

  it('counts for a quota what it replaces, and needs no room', () => {
    using fixture = prepared({ mount: { quota: { bytes: 1000, files: 5 } } });
    expect(fixture.move('d', 'e')).toBe('none');
    expect(errorOf(fixture.gate.files.makeDirectory('/workspace/f'))).toBe('quota');
  });

  it('is not found under its old name by what was held', () => {
    using fixture = prepared({ allow: ({ resource }) => !resource.startsWith('/workspace/secret/') });
    const { files } = fixture.gate;
    expect(errorOf(files.status('/workspace/d/sub/b', true))).toBe('none');
    expect(fixture.move('d', 'e')).toBe('none');
    mkdirSync(join(fixture.root, 'd/sub'), { recursive: true });
    expect(errorOf(files.status('/workspace/d/sub/b', true))).toBe('no-entry');
    expect(fixture.move('e', 'secret')).toBe('access');
  });
});
