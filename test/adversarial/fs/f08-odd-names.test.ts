import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bytes, fsErrorOf, fsFixture, text } from '../../gates/fs/fs-fixture.ts';

const ODD: readonly (readonly [string, string])[] = [
  ['a NUL', '/workspace/f\0.txt'],
  ['a newline', '/workspace/a\nb'],
  ['an escape', '/workspace/\u001b[2J'],
  ['a delete character', '/workspace/\u007f'],
  ['a C1 control', '/workspace/\u009b'],
  ['a line separator', '/workspace/\u2028'],
  ['a lone high surrogate', '/workspace/\ud800'],
  ['a lone low surrogate', '/workspace/\udc00x'],
  ['a name of 256 bytes', `/workspace/${'n'.repeat(256)}`],
  ['a name of 86 three-byte characters', `/workspace/${'\u20ac'.repeat(86)}`],
  ['a path of 65 names', `/workspace${'/d'.repeat(64)}`],
  ['a path of more than 4096 bytes', `/workspace${`/${'n'.repeat(250)}`.repeat(17)}`],
  ['a path of more than 4096 bytes in few characters', `/workspace${`/${'\u20ac'.repeat(80)}`.repeat(18)}`],
];

describe('F8: odd and oversized names end in a typed refusal', () => {
  it.each(ODD)('refuses %s, without a word about the host', async (_, path) => {
    using fixture = fsFixture();
    for (const call of [fixture.fs.read(path), fixture.fs.write(path, bytes('x')), fixture.fs.list(path)]) {
      const error = await fsErrorOf(call);
      expect(error.tag).toBe('invalid-path');
      expect(JSON.stringify(error)).not.toMatch(/proc|tmp|sallyport-fs|ERR_|E[A-Z]{4,}/);
    }
    expect(fixture.faults).toEqual([]);
  });

  it('refuses a cursor that no listing gave', async () => {
    using fixture = fsFixture();
    for (const cursor of ['', '..', 'a/b', 'a\0', '\ud800']) {
      expect((await fsErrorOf(fixture.fs.list('/workspace', cursor))).tag).toBe('invalid-path');
    }
    expect(await fixture.fs.list('/workspace', 'anything')).toEqual({ entries: [], next: undefined });
  });

  it('takes names and paths of the greatest size', async () => {
    using fixture = fsFixture();
    await fixture.fs.write(`/workspace/${'n'.repeat(255)}`, bytes('long'));
    await fixture.fs.write(`/workspace/${'\u20ac'.repeat(85)}`, bytes('euro'));
    await fixture.fs.write(`/workspace/${'\u00e9'.repeat(127)}`, bytes('accents'));
    expect(text(await fixture.fs.read(`/workspace/${'\u00e9'.repeat(127)}`))).toBe('accents');
    mkdirSync(join(fixture.root, ...Array<string>(62).fill('d')), { recursive: true });
    await fixture.fs.write(`/workspace${'/d'.repeat(62)}/f`, bytes('deep'));
    expect(text(await fixture.fs.read(`/workspace${'/d'.repeat(62)}/f`))).toBe('deep');
    expect(text(await fixture.fs.read(`/workspace/${'n'.repeat(255)}`))).toBe('long');
  });

  it('lists 100,000 entries in pages, in the order of bytes, each name once', { timeout: 60_000 }, async () => {
    // In memory where there is such a place: some disks take minutes to make them.
    const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
    const directory = realpathSync(mkdtempSync(join(base, 'sallyport-fs-')));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    using fixture = fsFixture({ mount: { directory } });
    const names = ['\u{10000}', '\uffe6', 'a', 'B', '~', ...Array.from({ length: 100_000 }, (_, index) => `n${index}`)];
    mkdirSync(join(directory, 'd'));
    for (const name of names) closeSync(openSync(join(directory, 'd', name), 'w'));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await fixture.fs.list('/workspace/d', cursor);
      expect(page.entries.length).toBeLessThanOrEqual(1000);
      seen.push(...page.entries.map(({ name }) => name));
      cursor = page.next;
    } while (cursor !== undefined);
    const sorted = names.map((name) => Buffer.from(name)).sort((one, other) => Buffer.compare(one, other));
    expect(seen).toEqual(sorted.map(String));
  });
});
