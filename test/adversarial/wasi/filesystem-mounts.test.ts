import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fsFixture, type FsFixtureOptions } from '../../gates/fs/fs-fixture.ts';
import {
  bytes,
  codeOf,
  descriptorFlags,
  entriesOf,
  filesRun,
  FOLLOW,
  openDirectory,
  openFile,
  openFlags,
  readAll,
  text,
} from '../../wasi/guest-files.ts';

function mounted(options: FsFixtureOptions = {}) {
  const fixture = fsFixture(options);
  const guest = filesRun(fixture.gate.files);
  return { ...fixture, ...guest, directory: fixture.root, root: guest.root() };
}

describe('a directory stream over a directory that changes', () => {
  it('gives each name that stays once, and never fails', () => {
    using w = mounted();
    const stay = Array.from({ length: 1500 }, (_, index) => `stay-${String(index).padStart(4, '0')}`);
    for (const name of stay) writeFileSync(join(w.directory, name), '');
    const stream = w.root.readDirectory();
    const seen: string[] = [];
    for (let entry = stream.readDirectoryEntry(); entry !== undefined; entry = stream.readDirectoryEntry()) {
      seen.push(entry.name);
      if (seen.length % 3 === 0) writeFileSync(join(w.directory, `new-${seen.length}`), '');
      if (seen.length % 5 === 0) rmSync(join(w.directory, `new-${seen.length - 2}`), { force: true });
      if (seen.length > 10_000) throw new Error('the stream does not end');
    }
    expect(seen.filter((name) => name.startsWith('stay'))).toEqual(stay);
    expect(new Set(seen).size).toBe(seen.length);
    expect(w.faults).toEqual([]);
  });

  it('ends, or fails with a code, where the directory is gone', () => {
    using w = mounted();
    mkdirSync(join(w.directory, 'd'));
    for (let index = 0; index < 1200; index += 1) writeFileSync(join(w.directory, 'd', `f${index}`), '');
    const stream = openDirectory(w.root, 'd').readDirectory();
    stream.readDirectoryEntry();
    rmSync(join(w.directory, 'd'), { recursive: true });
    let end = 'none';
    try {
      while (stream.readDirectoryEntry() !== undefined);
      end = 'end';
    } catch (error) {
      end = codeOf(() => {
        throw error;
      });
    }
    expect(['end', 'no-entry']).toContain(end);
    expect(w.faults).toEqual([]);
  });

  it('that is exchanged for a link shows nothing of what is behind it', () => {
    using w = mounted();
    mkdirSync(join(w.directory, 'd'));
    writeFileSync(join(w.outside, 'secret'), 'secret');
    const below = openDirectory(w.root, 'd');
    rmSync(join(w.directory, 'd'), { recursive: true });
    symlinkSync('../outside', join(w.directory, 'd'));
    for (const work of [
      () => below.readDirectory().readDirectoryEntry(),
      () => openFile(below, 'secret'),
      () => below.statAt(FOLLOW, 'secret'),
      () => openFile(below, 'new', 'w', 'create'),
      () => below.unlinkFileAt('secret'),
      () => below.renameAt('secret', w.root, 'mine'),
    ])
      expect(['access', 'not-permitted', 'loop', 'not-directory', 'no-entry']).toContain(codeOf(work));
    expect(readdirSync(w.outside)).toEqual(['secret']);
    expect(w.faults).toEqual([]);
  });
});

describe('names of the host', () => {
  const temporary = `.sallyport-${'ab'.repeat(12)}.tmp`;

  it('are neither made, nor taken, nor seen', () => {
    using w = mounted();
    writeFileSync(join(w.directory, temporary), 'of a write that was killed');
    writeFileSync(join(w.directory, 'a'), 'a');
    for (const work of [
      () => openFile(w.root, temporary),
      () => openFile(w.root, temporary, 'w', 'create'),
      () => w.root.statAt(FOLLOW, `./${temporary}`),
      () => w.root.unlinkFileAt(temporary),
      () => w.root.renameAt('a', w.root, temporary),
      () => w.root.renameAt(temporary, w.root, 'b'),
      () => w.root.createDirectoryAt(`${temporary}/d`),
    ])
      expect(['invalid', 'access', 'not-permitted']).toContain(codeOf(work));
    expect(entriesOf(w.root).map(({ name }) => name)).toEqual(['a']);
    expect(readFileSync(join(w.directory, temporary), 'utf8')).toBe('of a write that was killed');
  });
});

describe('protected names', () => {
  it('are not changed by any way of WASI, whatever the policy says', () => {
    using w = mounted();
    mkdirSync(join(w.directory, '.git', 'hooks'), { recursive: true });
    writeFileSync(join(w.directory, '.git', 'config'), 'config');
    writeFileSync(join(w.directory, 'a'), 'a');
    const git = openDirectory(w.root, '.git');
    for (const work of [
      () => openFile(w.root, '.git/hooks/pre-commit', 'w', 'create'),
      () => openFile(openDirectory(git, 'hooks'), 'pre-commit', 'w', 'create'),
      () => openFile(git, 'config', 'rw'),
      () => openFile(git, 'config', 'r', 'truncate'),
      () => git.unlinkFileAt('config'),
      () => w.root.renameAt('a', git, 'config'),
      () => git.renameAt('hooks', w.root, 'hooks'),
      () => openFile(w.root, '.BASHRC', 'w', 'create'),
      () => openFile(w.root, '.env'),
    ])
      expect(['access', 'not-permitted']).toContain(codeOf(work));
    expect(readFileSync(join(w.directory, '.git', 'config'), 'utf8')).toBe('config');
    expect(existsSync(join(w.directory, '.bashrc'))).toBe(false);
  });
});

describe('an open file', () => {
  it('gives no more than it was opened for, even where the policy would', () => {
    using w = mounted();
    writeFileSync(join(w.directory, 'a'), 'text');
    const reading = openFile(w.root, 'a');
    for (const work of [
      () => reading.write(bytes('x'), 0n),
      () => reading.setSize(0n),
      () => reading.appendViaStream(),
      () => reading.setTimes({ tag: 'now' }, { tag: 'now' }),
    ])
      expect(codeOf(work)).toBe('bad-descriptor');
    expect(codeOf(() => openFile(w.root, 'a', 'w').read(1n, 0n))).toBe('bad-descriptor');
    expect(readFileSync(join(w.directory, 'a'), 'utf8')).toBe('text');
  });

  it('is not another one that came under its name', () => {
    using w = mounted();
    writeFileSync(join(w.directory, 'a'), 'mine');
    const file = openFile(w.root, 'a', 'rw');
    rmSync(join(w.directory, 'a'));
    symlinkSync('../outside/victim', join(w.directory, 'a'));
    writeFileSync(join(w.outside, 'victim'), 'victim');
    file.write(bytes('MINE'), 0n);
    expect(text(readAll(file))).toBe('MINE');
    expect(readFileSync(join(w.outside, 'victim'), 'utf8')).toBe('victim');
  });

  it('is settled in the record when the run ends, if the guest never closes it', async () => {
    using w = mounted();
    const file = openFile(w.root, 'a', 'rw', 'create');
    file.write(bytes('abc'), 0n);
    await w.gate.close();
    const intended = w.records.findIndex(({ type, action }) => type === 'effect.intended' && action !== 'fs:stat');
    expect(w.records.filter(({ type, intent }) => type === 'effect.settled' && intent === intended)).toHaveLength(1);
    expect(w.faults).toEqual([]);
  });

  it('is never a device, a pipe or a socket', () => {
    using w = mounted({ mount: { symlinks: 'inside' } });
    symlinkSync('/dev/zero', join(w.directory, 'zero'));
    expect(['access', 'not-permitted', 'loop']).toContain(codeOf(() => openFile(w.root, 'zero')));
  });
});

describe('a record that cannot be written', () => {
  it('ends every use of files, those that are open included', () => {
    using w = mounted({ auditFailsAt: 2 });
    writeFileSync(join(w.directory, 'a'), 'text');
    openFile(w.root, 'a')[Symbol.dispose]();
    for (const work of [
      () => openFile(w.root, 'a'),
      () => w.root.statAt(FOLLOW, 'a'),
      () => w.root.createDirectoryAt('d'),
      () => w.root.openAt(FOLLOW, 'b', openFlags('create'), descriptorFlags('write')),
    ])
      expect(['access', 'io']).toContain(codeOf(work));
    expect(readdirSync(w.directory)).toEqual(['a']);
  });
});
