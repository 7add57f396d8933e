import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PROTECTED_NAMES } from '../../../host/gates/fs/protected-names.ts';
import { BOTH, CREATE, errorOf, HOW, READ, unsettled, valueOf, WRITE } from '../../gates/fs/file-answers.ts';
import { bytes, fsFixture, text, type FsFixtureOptions } from '../../gates/fs/fs-fixture.ts';

function planted(options: FsFixtureOptions = {}) {
  const fixture = fsFixture({ ...options, mount: { symlinks: 'inside', ...options.mount } });
  const { root, outside } = fixture;
  writeFileSync(join(outside, 'secret'), 'OUTSIDE');
  mkdirSync(join(root, 'a/b'), { recursive: true });
  writeFileSync(join(root, 'a/f'), 'inside');
  symlinkSync('../outside', join(root, 'out'));
  symlinkSync('a/b', join(root, 'in'));
  return fixture;
}

const OUT = [
  '/etc/passwd',
  '..',
  '../outside/secret',
  '../workspace/a/f',
  'a/../../outside',
  'in/../f',
  './a',
  'a//f',
  'a/',
  '',
  '.',
  'a\0b',
  'a\\b',
  'x'.repeat(256),
  `${'x/'.repeat(100)}x`,
  `.sallyport-${'0'.repeat(24)}.tmp`,
];
/** Protected names, and beginnings of those: what stands behind the link would be written elsewhere, unprotected. */
const NEVER_LINKS = [
  '.git',
  '.git/modules',
  '.git/info',
  'deep/.git',
  '.bashrc',
  '.ssh',
  '.env',
  'deploy',
  'x/deploy/keys',
];

describe('links that a guest makes lead nowhere that it could not go itself', () => {
  it.each(OUT)('makes none to `%s`', (target) => {
    using fixture = planted();
    const answer = errorOf(fixture.gate.files.symbolicLink(target, '/workspace/l'));
    expect(answer).toBe('not-permitted');
    expect(lstatSync(join(fixture.root, 'l'), { throwIfNoEntry: false })).toBeUndefined();
    expect(fixture.faults).toEqual([]);
  });

  it.each(['out', 'out/secret', 'out/new'])('makes none over `%s`, a link to the outside', (target) => {
    using fixture = planted();
    expect(errorOf(fixture.gate.files.symbolicLink(target, '/workspace/l'))).toBe('not-permitted');
    expect(errorOf(fixture.gate.files.symbolicLink(`../${target}`, '/workspace/a/l'))).toBe('not-permitted');
  });

  it('measures `..` from the directory that the link is really in', () => {
    using fixture = planted();
    const { files } = fixture.gate;
    valueOf(files.symbolicLink('../f', '/workspace/in/l'));
    expect(readlinkSync(join(fixture.root, 'a/b/l'))).toBe('../f');
    expect(text(valueOf(valueOf(files.open('/workspace/in/l', READ)).read(0n, 9)))).toBe('inside');
    expect(errorOf(files.symbolicLink('../../../f', '/workspace/in/m'))).toBe('not-permitted');
    expect(errorOf(files.symbolicLink('x', '/workspace/out/l'))).toBe('not-permitted');
    expect(existsSync(join(fixture.outside, 'l'))).toBe(false);
  });

  it('makes none in a mount that follows none, nor in one that is `ro`', () => {
    using refusing = planted({ mount: { symlinks: 'refuse' } });
    expect(errorOf(refusing.gate.files.symbolicLink('a/f', '/workspace/l'))).toBe('not-permitted');
    using reading = planted({ mount: { access: 'ro' } });
    expect(errorOf(reading.gate.files.symbolicLink('a/f', '/workspace/l'))).toBe('read-only');
  });

  it('decides on the target as well: who may not read it can show it to nobody', () => {
    using fixture = planted({ allow: ({ resource }) => resource !== '/workspace/a/f' });
    expect(errorOf(fixture.gate.files.symbolicLink('a/f', '/workspace/l'))).toBe('access');
    expect(errorOf(fixture.gate.files.symbolicLink('a/absent', '/workspace/l'))).toBe('none');
  });

  it.each(NEVER_LINKS)('makes no link of the protected `%s`, and none to it', (name) => {
    const protect = { ...DEFAULT_PROTECTED_NAMES, never: ['deploy/keys'] };
    using fixture = planted({ rules: [{ id: 'r1', namesHost: true }], mount: { protect } });
    const { root, gate } = fixture;
    mkdirSync(join(root, name, '..'), { recursive: true });
    const up = '../'.repeat(name.split('/').length - 1);
    expect(errorOf(gate.files.symbolicLink(`${up}a/b`, `/workspace/${name}`))).toBe('access');
    const isName = !['.git/info', '.git/modules', 'deploy'].includes(name);
    if (isName) expect(errorOf(gate.files.symbolicLink(name, '/workspace/l'))).toBe('access');
    expect(lstatSync(join(root, name), { throwIfNoEntry: false })).toBeUndefined();
  });

  it('moves no link and no directory to where it would mean something else', () => {
    using fixture = planted();
    const { root, gate } = fixture;
    expect(errorOf(gate.files.rename('/workspace/in', '/workspace/deploy'))).toBe('not-permitted');
    symlinkSync('f', join(root, 'a/link'));
    expect(errorOf(gate.files.rename('/workspace/a', '/workspace/c'))).toBe('cross-device');
    expect(readlinkSync(join(root, 'in'))).toBe('a/b');
  });

  it('reads and writes through a link only what is decided under both names', () => {
    using fixture = planted({ allow: ({ action, resource }) => resource !== '/workspace/a/f' || action === 'fs:read' });
    const { files } = fixture.gate;
    valueOf(files.symbolicLink('a/f', '/workspace/l'));
    expect(text(valueOf(valueOf(files.open('/workspace/l', READ)).read(0n, 9)))).toBe('inside');
    for (const how of [WRITE, BOTH, CREATE, { ...WRITE, truncate: true }])
      expect(errorOf(files.open('/workspace/l', how))).toBe('access');
    expect(errorOf(files.setTimes('/workspace/l', true, 'now', 'now'))).toBe('access');
    expect(errorOf(files.open('/workspace/l', { ...READ, follow: false }))).toBe('loop');
    expect(errorOf(files.open('/workspace/l', { ...CREATE, exclusive: true }))).toBe('exist');
    expect(errorOf(files.open('/workspace/l', { ...HOW, follow: false }))).toBe('loop');
    expect(valueOf(files.status('/workspace/l', false)).type).toBe('link');
    expect(valueOf(files.readLink('/workspace/l'))).toBe('a/f');
    expect(readFileSync(join(fixture.root, 'a/f'), 'utf8')).toBe('inside');
    void fixture.gate.close();
    expect(unsettled(fixture.records)).toEqual([]);
  });

  it('tells of no link where outside it leads', () => {
    using fixture = planted();
    const { root, outside, gate } = fixture;
    symlinkSync(join(outside, 'secret'), join(root, 'absolute'));
    for (const name of ['out', 'absolute']) {
      const path = `/workspace/${name}`;
      expect(errorOf(gate.files.readLink(path))).toBe('not-permitted');
      expect(valueOf(gate.files.status(path, false))).toMatchObject({ type: 'link', size: 0n });
      for (const answer of [gate.files.status(path, true), gate.files.open(path, READ), gate.files.open(path, CREATE)])
        expect(errorOf(answer)).toBe('loop');
    }
    expect(errorOf(gate.files.open('/workspace/out/secret', READ))).toBe('not-directory');
    expect(errorOf(gate.files.open('/workspace/out/new', CREATE))).toBe('not-directory');
    expect(errorOf(gate.files.readLink('/workspace/a/f'))).toBe('invalid');
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('OUTSIDE');
    valueOf(gate.files.removeFile('/workspace/absolute'));
    expect(existsSync(join(outside, 'secret'))).toBe(true);
  });

  it('creates what a link stands for that leads to nothing yet, and leaves the link', () => {
    using fixture = planted();
    const { files } = fixture.gate;
    valueOf(files.symbolicLink('a/new', '/workspace/l'));
    const file = valueOf(files.open('/workspace/l', CREATE));
    valueOf(file.write(0n, bytes('made')));
    file.close();
    expect(readFileSync(join(fixture.root, 'a/new'), 'utf8')).toBe('made');
    expect(readlinkSync(join(fixture.root, 'l'))).toBe('a/new');
  });
});
