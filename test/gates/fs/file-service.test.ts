import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BOTH, CREATE, errorOf, HOW, READ, valueOf, WRITE } from './file-answers.ts';
import { bytes, fsFixture, mountOf, text } from './fs-fixture.ts';

describe('the files of the gate, as POSIX knows them', () => {
  it('opens, reads and writes at offsets', () => {
    using fixture = fsFixture();
    const { root } = fixture;
    const { files } = fixture.gate;
    writeFileSync(join(root, 'f'), '0123456789');
    const file = valueOf(files.open('/workspace/f', BOTH));
    expect(text(valueOf(file.read(2n, 3)))).toBe('234');
    expect(valueOf(file.write(8n, bytes('abcd')))).toBe(4);
    expect(valueOf(file.append(bytes('!')))).toBe(1);
    expect(text(valueOf(file.read(6n, 100)))).toBe('67abcd!');
    expect(valueOf(file.read(1000n, 100))).toHaveLength(0);
    expect(valueOf(file.read(2n ** 63n, 100))).toHaveLength(0);
    valueOf(file.setSize(3n));
    valueOf(file.write(5n, bytes('x')));
    expect(valueOf(file.status())).toMatchObject({ type: 'file', size: 6n, links: 1n });
    valueOf(file.sync('data'));
    valueOf(file.sync('all'));
    file.close();
    expect(readFileSync(join(root, 'f'), 'utf8')).toBe('012\0\0x');
    for (const late of [
      file.read(0n, 1),
      file.write(0n, bytes('x')),
      file.status(),
      file.setSize(0n),
      file.sync('all'),
    ])
      expect(errorOf(late)).toBe('bad-descriptor');
    expect(fixture.faults).toEqual([]);
  });

  it('uses a file only as it was opened', () => {
    using fixture = fsFixture();
    const { files } = fixture.gate;
    writeFileSync(join(fixture.root, 'f'), 'kept');
    const [reading, writing, looking] = [READ, WRITE, HOW].map((how) => valueOf(files.open('/workspace/f', how)));
    for (const file of [reading!, looking!]) {
      for (const answer of [file.write(0n, bytes('x')), file.append(bytes('x')), file.setSize(0n)])
        expect(errorOf(answer)).toBe('bad-descriptor');
      expect(errorOf(file.setTimes('now', 'now'))).toBe('bad-descriptor');
    }
    for (const file of [writing!, looking!]) expect(errorOf(file.read(0n, 1))).toBe('bad-descriptor');
    expect(valueOf(looking!.status()).size).toBe(4n);
    expect(readFileSync(join(fixture.root, 'f'), 'utf8')).toBe('kept');
  });

  it('creates, truncates, and creates exclusively', () => {
    using fixture = fsFixture();
    const { files } = fixture.gate;
    expect(errorOf(files.open('/workspace/f', WRITE))).toBe('no-entry');
    const file = valueOf(files.open('/workspace/f', { ...CREATE, exclusive: true }));
    valueOf(file.write(0n, bytes('some')));
    file.close();
    expect(errorOf(files.open('/workspace/f', { ...CREATE, exclusive: true }))).toBe('exist');
    expect(errorOf(files.open('/workspace/f', { ...READ, truncate: true }))).toBe('invalid');
    expect(statSync(join(fixture.root, 'f')).size).toBe(4);
    valueOf(files.open('/workspace/f', { ...CREATE, truncate: true })).close();
    expect(statSync(join(fixture.root, 'f')).size).toBe(0);
    expect(errorOf(files.open('/workspace/no/f', CREATE))).toBe('no-entry');
    expect(errorOf(files.open('/workspace/f/g', CREATE))).toBe('not-directory');
  });

  it('opens a directory only to look at it', () => {
    using fixture = fsFixture();
    const { files } = fixture.gate;
    mkdirSync(join(fixture.root, 'd'));
    for (const path of ['/workspace', '/workspace/d']) {
      for (const how of [READ, WRITE, CREATE]) expect(errorOf(files.open(path, how))).toBe('is-directory');
      expect(valueOf(valueOf(files.open(path, HOW)).status()).type).toBe('directory');
      expect(valueOf(files.status(path, true)).type).toBe('directory');
    }
    expect(files.roots).toEqual([{ path: '/workspace', writable: true }]);
  });

  it('keeps an open file across the removal and the exchange of its name', () => {
    using fixture = fsFixture();
    const { files } = fixture.gate;
    writeFileSync(join(fixture.root, 'f'), 'old');
    writeFileSync(join(fixture.root, 'g'), 'new');
    const file = valueOf(files.open('/workspace/f', BOTH));
    valueOf(files.rename('/workspace/g', '/workspace/f'));
    expect(text(valueOf(file.read(0n, 10)))).toBe('old');
    valueOf(file.write(0n, bytes('OLD')));
    valueOf(files.removeFile('/workspace/f'));
    expect(text(valueOf(file.read(0n, 10)))).toBe('OLD');
    expect(errorOf(files.status('/workspace/f', true))).toBe('no-entry');
  });

  it('makes, removes and renames, each with the error of POSIX', () => {
    using fixture = fsFixture();
    const { files } = fixture.gate;
    valueOf(files.makeDirectory('/workspace/d'));
    expect(errorOf(files.makeDirectory('/workspace/d'))).toBe('exist');
    expect(errorOf(files.makeDirectory('/workspace'))).toBe('exist');
    for (const name of ['a', 'b']) writeFileSync(join(fixture.root, 'd', name), name);
    valueOf(files.rename('/workspace/d/a', '/workspace/d/b'));
    expect(readFileSync(join(fixture.root, 'd/b'), 'utf8')).toBe('a');
    valueOf(files.rename('/workspace/d/b', '/workspace/d/b'));
    expect(errorOf(files.rename('/workspace/d/a', '/workspace/d/c'))).toBe('no-entry');
    expect(errorOf(files.rename('/workspace/d/b', '/workspace/d'))).toBe('is-directory');
    expect(errorOf(files.rename('/workspace/d', '/workspace/d/e'))).toBe('invalid');
    expect(errorOf(files.removeDirectory('/workspace/d'))).toBe('not-empty');
    expect(errorOf(files.removeDirectory('/workspace/d/b'))).toBe('not-directory');
    expect(errorOf(files.removeFile('/workspace/d'))).toBe('is-directory');
    valueOf(files.removeFile('/workspace/d/b'));
    expect(errorOf(files.removeFile('/workspace/d/b'))).toBe('no-entry');
    valueOf(files.removeDirectory('/workspace/d'));
    expect(errorOf(files.removeDirectory('/workspace/d'))).toBe('no-entry');
  });

  it('lists names with what they are, in pages', () => {
    using fixture = fsFixture();
    const { files } = fixture.gate;
    mkdirSync(join(fixture.root, 'd'));
    symlinkSync('f', join(fixture.root, 'l'));
    writeFileSync(join(fixture.root, 'f'), '');
    const pages = valueOf(files.list('/workspace'));
    expect(valueOf(pages.next())).toEqual([
      { name: 'd', type: 'directory' },
      { name: 'f', type: 'file' },
      { name: 'l', type: 'link' },
    ]);
    expect(valueOf(pages.next())).toEqual([]);
    for (let n = 0; n < 1500; n += 1) writeFileSync(join(fixture.root, 'd', `f${n}`), '');
    const many = valueOf(files.list('/workspace/d'));
    const names = [...valueOf(many.next()), ...valueOf(many.next())].map(({ name }) => name);
    expect(valueOf(many.next())).toEqual([]);
    expect(new Set(names).size).toBe(1500);
    expect(errorOf(files.list('/workspace/f'))).toBe('not-directory');
    expect(errorOf(files.list('/workspace/none'))).toBe('no-entry');
  });

  it('sets times, to the nanosecond, and keeps those that it is told to keep', () => {
    using fixture = fsFixture();
    const { files } = fixture.gate;
    writeFileSync(join(fixture.root, 'f'), '');
    const ns = 1_234_567_890_123_456_789n;
    valueOf(files.setTimes('/workspace/f', true, { ns: ns / 2n }, { ns }));
    const set = valueOf(files.status('/workspace/f', true));
    expect([set.accessedNs, set.modifiedNs]).toEqual([ns / 2n, ns]);
    valueOf(files.setTimes('/workspace/f', true, 'keep', 'keep'));
    const { accessedNs, modifiedNs } = set;
    expect(valueOf(files.status('/workspace/f', true))).toMatchObject({ accessedNs, modifiedNs });
    const file = valueOf(files.open('/workspace/f', WRITE));
    valueOf(file.setTimes('keep', 'now'));
    const now = valueOf(file.status());
    expect(now.accessedNs).toBe(accessedNs);
    expect(now.modifiedNs).toBeGreaterThan(ns);
    for (const bad of [-1n, 2n ** 63n, 2n ** 90n]) expect(errorOf(file.setTimes({ ns: bad }, 'keep'))).toBe('invalid');
    expect(fixture.faults).toEqual([]);
  });

  it('tells objects apart by an identity that says nothing else', () => {
    using fixture = fsFixture();
    using other = fsFixture();
    const { files } = fixture.gate;
    writeFileSync(join(fixture.root, 'f'), '');
    writeFileSync(join(fixture.root, 'g'), '');
    const of = (path: string) => valueOf(files.status(path, true)).identity;
    expect(of('/workspace/f')).toBe(valueOf(valueOf(files.open('/workspace/f', HOW)).status()).identity);
    expect(of('/workspace/f')).not.toBe(of('/workspace/g'));
    const { ino } = statSync(join(fixture.root, 'f'));
    expect(of('/workspace/f')).not.toBe(BigInt(ino));
    // Two runs that look at one object see two identities.
    using again = fsFixture({ more: () => [mountOf('/same', fixture.root, { access: 'ro' })] });
    expect(valueOf(again.gate.files.status('/same/f', true)).identity).not.toBe(of('/workspace/f'));
    expect(valueOf(other.gate.files.status('/workspace', true)).type).toBe('directory');
  });

  it('changes nothing in a mount that is `ro`', () => {
    using fixture = fsFixture({ mount: { access: 'ro' } });
    const { files } = fixture.gate;
    writeFileSync(join(fixture.root, 'f'), 'kept');
    for (const answer of [
      files.open('/workspace/f', WRITE),
      files.open('/workspace/g', CREATE),
      files.makeDirectory('/workspace/d'),
      files.removeFile('/workspace/f'),
      files.rename('/workspace/f', '/workspace/g'),
      files.setTimes('/workspace/f', true, 'now', 'now'),
    ])
      expect(errorOf(answer)).toBe('read-only');
    expect(text(valueOf(valueOf(files.open('/workspace/f', READ)).read(0n, 9)))).toBe('kept');
  });

  it('says what is wrong with a path', () => {
    using fixture = fsFixture();
    const { files } = fixture.gate;
    const cases = [
      [`/workspace/${'x'.repeat(256)}`, 'name-too-long'],
      [`/${'x/'.repeat(3000)}x`, 'name-too-long'],
      ['/workspace/a\0b', 'illegal-byte-sequence'],
      ['/workspace/\ud800', 'illegal-byte-sequence'],
      ['/workspace/e\u0301', 'illegal-byte-sequence'],
      ['/workspace/a\\b', 'illegal-byte-sequence'],
      ['/workspace/../x', 'invalid'],
      ['/workspace//x', 'invalid'],
      ['workspace', 'invalid'],
      ['', 'invalid'],
      [`/workspace/.sallyport-${'0'.repeat(24)}.tmp`, 'access'],
      ['/nowhere/x', 'no-entry'],
    ] as const;
    for (const [path, error] of cases) {
      expect(errorOf(files.status(path, true)), path).toBe(error);
      expect(errorOf(files.open(path, READ)), path).toBe(error);
      expect(errorOf(files.removeFile(path)), path).toBe(error);
      expect(errorOf(files.rename(path, path)), path).toBe(error);
    }
    expect(fixture.faults).toEqual([]);
  });
});
