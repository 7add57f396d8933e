import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytes, fsFixture, fsErrorOf, fsTagOf, text } from '../../gates/fs/fs-fixture.ts';

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
