import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytes, fsFixture, fsTagOf, text } from '../../gates/fs/fs-fixture.ts';

describe('F10: nothing that a run has used before gives a right later', () => {
  it('denies the read after the one that was allowed, once the rule is gone', async () => {
    let allowed = true;
    using fixture = fsFixture({ allow: () => allowed });
    mkdirSync(join(fixture.root, 'd'));
    writeFileSync(join(fixture.root, 'd/f'), 'x');
    expect(text(await fixture.fs.read('/workspace/d/f'))).toBe('x');
    allowed = false;
    expect(await fsTagOf(fixture.fs.read('/workspace/d/f'))).toBe('denied:no-rule');
    expect(await fsTagOf(fixture.fs.list('/workspace/d'))).toBe('denied:no-rule');
    allowed = true;
    expect(text(await fixture.fs.read('/workspace/d/f'))).toBe('x');
  });

  it('does not reach a directory under the name that it had before', async () => {
    using fixture = fsFixture();
    mkdirSync(join(fixture.root, 'public'));
    writeFileSync(join(fixture.root, 'public/f'), 'moved');
    await fixture.fs.read('/workspace/public/f');
    renameSync(join(fixture.root, 'public'), join(fixture.root, 'private'));
    expect(await fsTagOf(fixture.fs.read('/workspace/public/f'))).toBe('not-found');
    expect(await fsTagOf(fixture.fs.write('/workspace/public/new', bytes('x')))).toBe('not-found');
    expect(existsSync(join(fixture.root, 'private/new'))).toBe(false);
    mkdirSync(join(fixture.root, 'public'));
    writeFileSync(join(fixture.root, 'public/f'), 'fresh');
    expect(text(await fixture.fs.read('/workspace/public/f'))).toBe('fresh');
  });

  it('continues a listing from what is there when the directory has become another', async () => {
    using fixture = fsFixture();
    mkdirSync(join(fixture.root, 'd'));
    for (let index = 0; index < 1001; index += 1) writeFileSync(join(fixture.root, 'd', `n${1000 + index}`), '');
    const first = await fixture.fs.list('/workspace/d');
    renameSync(join(fixture.root, 'd'), join(fixture.root, 'e'));
    expect(await fsTagOf(fixture.fs.list('/workspace/d', first.next))).toBe('not-found');
  });

  it('gives no mode beyond reading and writing to what it makes', async () => {
    using fixture = fsFixture();
    await fixture.fs.write('/workspace/f', bytes('#!/bin/sh\n'));
    await fixture.fs.append('/workspace/g', bytes('#!/bin/sh\n'));
    for (const name of ['f', 'g']) expect(statSync(join(fixture.root, name)).mode & 0o7133).toBe(0);
  });
});
