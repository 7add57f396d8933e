import { existsSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytes, fsErrorOf, fsFixture, fsTagOf, text, type FsFixtureOptions } from '../../gates/fs/fs-fixture.ts';

function planted(options: FsFixtureOptions = {}) {
  const fixture = fsFixture({ ...options, mount: { symlinks: 'inside', ...options.mount } });
  const { root, outside } = fixture;
  writeFileSync(join(outside, 'secret'), 'outside');
  mkdirSync(join(root, 'real/deep'), { recursive: true });
  writeFileSync(join(root, 'real/f'), 'inside');
  for (const [name, target] of [
    ['to-file', 'real/f'],
    ['to-directory', 'real'],
    ['real/deep/up', '../../real/f'],
    ['to-link', 'to-file'],
    ['to-nothing', 'real/new'],
    ['to-parent', '..'],
    ['to-outside', '../outside/secret'],
    ['to-outside-and-back', '../workspace/real/f'],
    ['to-outside-directory', '../outside'],
    ['absolute', join(outside, 'secret')],
    ['absolute-inside', join(root, 'real/f')],
    ['to-self', 'to-self'],
    ['ring-a', 'ring-b'],
    ['ring-b', 'ring-a'],
    ['through-file', 'real/f/..'],
    ['to-magic', '/proc/self/cwd'],
    ['to-secret-name', '.env'],
  ] as const) {
    symlinkSync(target, join(root, name));
  }
  return fixture;
}

const INSIDE: readonly (readonly [string, string])[] = [
  ['to-file', 'real/f'],
  ['to-link', 'real/f'],
  ['to-directory/f', 'real/f'],
  ['to-directory/deep/up', 'real/f'],
];
const OUTSIDE = [
  'to-parent',
  'to-parent/outside/secret',
  'to-outside',
  'to-outside-and-back',
  'to-outside-directory/secret',
  'to-outside-directory/new',
  'absolute',
  'absolute-inside',
  'to-self',
  'ring-a',
  'to-magic',
  'to-magic/package.json',
  'to-directory/../../outside/secret',
];

describe('F2: a mount that follows links follows only those that stay inside', () => {
  it.each(INSIDE)('reads `%s` as the file that it leads to, and decides on both names', async (name, real) => {
    using fixture = planted();
    const { fs, records } = fixture;
    expect(text(await fs.read(`/workspace/${name}`))).toBe('inside');
    expect(await fs.stat(`/workspace/${name}`)).toMatchObject({ kind: 'file', size: 6n });
    const decided = records.filter(({ type }) => type === 'effect.intended').map(({ accesses }) => accesses ?? []);
    expect(decided[1]).toEqual([
      { action: 'fs:read', resource: `/workspace/${name}` },
      { action: 'fs:read', resource: `/workspace/${real}` },
    ]);
  });

  it.each(INSIDE)('denies `%s` where the rules deny what it leads to', async (name, real) => {
    using fixture = planted({ allow: ({ resource }) => resource !== `/workspace/${real}` });
    expect(await fsTagOf(fixture.fs.read(`/workspace/${name}`))).toBe('denied:no-rule');
    expect(await fsTagOf(fixture.fs.write(`/workspace/${name}`, bytes('x')))).toBe('denied:no-rule');
    expect(readFileSync(join(fixture.root, 'real/f'), 'utf8')).toBe('inside');
  });

  it.each(OUTSIDE)('neither reads, writes, lists nor creates through `%s`', async (name) => {
    using fixture = planted();
    const { fs, outside } = fixture;
    const path = `/workspace/${name}`;
    for (const call of [
      fs.read(path),
      fs.write(path, bytes('x')),
      fs.append(path, bytes('x')),
      fs.list(path),
      fs.remove(path),
      fs.rename('/workspace/real/f', path),
    ]) {
      expect(await fsTagOf(call)).toMatch(/^(not-a-file|not-a-directory|invalid-path)$/);
    }
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('outside');
    expect(existsSync(join(outside, 'new'))).toBe(false);
    expect(fixture.faults).toEqual([]);
  });

  it('looks at no link for a name that is denied', async () => {
    using fixture = planted({ allow: () => false });
    const [known, other] = [await fsErrorOf(fixture.fs.read('/workspace/to-file')), 'denied'];
    expect(known.tag).toBe(other);
    expect(fixture.records).toHaveLength(1);
  });

  it('writes to what a link leads to, and leaves the link', async () => {
    using fixture = planted();
    const { fs, root } = fixture;
    await fs.write('/workspace/to-file', bytes('new'));
    await fs.append('/workspace/to-link', bytes('+'));
    await fs.write('/workspace/to-nothing', bytes('made'));
    await fs.makeDirectory('/workspace/to-directory/made');
    await fs.rename('/workspace/to-directory/new', '/workspace/to-directory/made/newer');
    expect(readFileSync(join(root, 'real/f'), 'utf8')).toBe('new+');
    expect(readFileSync(join(root, 'real/made/newer'), 'utf8')).toBe('made');
    expect(readlinkSync(join(root, 'to-file'))).toBe('real/f');
    expect((await fs.list('/workspace/to-directory')).entries.map(({ name }) => name)).toEqual(['deep', 'f', 'made']);
    expect(await fsTagOf(fs.remove('/workspace/to-link'))).toBe('not-a-file');
  });

  it('opens no protected name through a link, even for a rule that names the link', async () => {
    using fixture = planted({ rules: [{ id: 'r1', namesHost: true }] });
    writeFileSync(join(fixture.root, '.env'), 'TOKEN=x');
    expect(await fsTagOf(fixture.fs.read('/workspace/to-secret-name'))).toBe('denied:protected-resource');
    expect(text(await fixture.fs.read('/workspace/.env'))).toBe('TOKEN=x');
  });
});
