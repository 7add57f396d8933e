import { existsSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytes, fsFixture, fsErrorOf, fsTagOf, mountOf, text } from '../../gates/fs/fs-fixture.ts';

function planted() {
  const fixture = fsFixture({
    more: (folder) => {
      mkdirSync(join(folder, 'read-only'));
      return [mountOf('/reference', join(folder, 'read-only'), { access: 'ro' })];
    },
  });
  writeFileSync(join(fixture.folder, 'read-only/f'), 'read only');
  writeFileSync(join(fixture.outside, 'f'), 'outside');
  linkSync(join(fixture.folder, 'read-only/f'), join(fixture.root, 'of-read-only'));
  linkSync(join(fixture.outside, 'f'), join(fixture.root, 'of-outside'));
  writeFileSync(join(fixture.root, 'own'), 'own');
  return fixture;
}

describe('F4: a second name of a file gives no right to change it', () => {
  it.each(['of-read-only', 'of-outside'])('changes nothing through `%s`', async (name) => {
    using fixture = planted();
    const path = `/workspace/${name}`;
    expect(await fsTagOf(fixture.fs.write(path, bytes('x')))).toBe('denied:protected-resource');
    expect(await fsTagOf(fixture.fs.append(path, bytes('x')))).toBe('denied:protected-resource');
    expect(await fsTagOf(fixture.fs.rename(path, '/workspace/other'))).toBe('denied:protected-resource');
    expect(await fsTagOf(fixture.fs.rename('/workspace/own', path))).toBe('denied:protected-resource');
    expect(readFileSync(join(fixture.folder, 'read-only/f'), 'utf8')).toBe('read only');
    expect(readFileSync(join(fixture.outside, 'f'), 'utf8')).toBe('outside');
  });

  it('renames nothing between two mounts', async () => {
    using fixture = planted();
    expect(await fsErrorOf(fixture.fs.rename('/reference/f', '/workspace/f'))).toMatchObject({ tag: 'invalid-path' });
    expect(await fsErrorOf(fixture.fs.rename('/workspace/own', '/reference/own'))).toMatchObject({
      tag: 'invalid-path',
    });
    expect(existsSync(join(fixture.root, 'own'))).toBe(true);
    expect(existsSync(join(fixture.folder, 'read-only/own'))).toBe(false);
  });

  it('changes a file that has one name', async () => {
    using fixture = planted();
    await fixture.fs.append('/workspace/own', bytes('+'));
    await fixture.fs.rename('/workspace/own', '/workspace/other');
    expect(text(await fixture.fs.read('/workspace/other'))).toBe('own+');
  });
});
