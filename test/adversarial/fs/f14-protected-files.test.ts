import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BOTH, CREATE, errorOf, HOW, READ, unsettled, valueOf, WRITE } from '../../gates/fs/file-answers.ts';
import { fsFixture, text } from '../../gates/fs/fs-fixture.ts';

const NEVER_CHANGED = ['.git/hooks/pre-commit', '.git/config', '.bashrc', 'deep/.zshenv', '.ssh/authorized_keys'];

describe('protected names are protected in every way to open and to change a file', () => {
  it.each(NEVER_CHANGED)('never changes `%s`, whatever the policy says', (name) => {
    using fixture = fsFixture({ rules: [{ id: 'r1', namesHost: true }] });
    const { root, gate } = fixture;
    const { files } = gate;
    const [path, at] = [`/workspace/${name}`, join(root, name)];
    mkdirSync(join(at, '..'), { recursive: true });
    writeFileSync(at, 'kept');
    writeFileSync(join(root, 'other'), 'other');
    const { mtimeMs } = statSync(at);
    for (const how of [WRITE, CREATE, BOTH, { ...CREATE, exclusive: true }, { ...WRITE, truncate: true }])
      expect(errorOf(files.open(path, how))).toBe('access');
    for (const answer of [
      files.setTimes(path, true, { ns: 0n }, { ns: 0n }),
      files.removeFile(path),
      files.removeDirectory(path),
      files.rename(path, '/workspace/away'),
      files.rename('/workspace/other', path),
      files.hardLink(path, '/workspace/away'),
      files.hardLink('/workspace/other', path),
      files.symbolicLink('other', path),
    ])
      expect(errorOf(answer)).not.toBe('none');
    expect(readFileSync(at, 'utf8')).toBe('kept');
    expect(statSync(at).mtimeMs).toBe(mtimeMs);
    expect(existsSync(join(root, 'away'))).toBe(false);
    expect(text(valueOf(valueOf(files.open(path, READ)).read(0n, 9)))).toBe('kept');
  });

  it('opens a secret only for a rule that names it, and for one use at a time', () => {
    for (const namesHost of [false, true]) {
      using fixture = fsFixture({ rules: [{ id: 'r1', namesHost }] });
      const { files } = fixture.gate;
      writeFileSync(join(fixture.root, '.env'), 'TOKEN=x');
      for (const how of [READ, WRITE, HOW])
        expect(errorOf(files.open('/workspace/.env', how))).toBe(namesHost ? 'none' : 'access');
      expect(errorOf(files.status('/workspace/.env', true))).toBe(namesHost ? 'none' : 'access');
      // Of two accesses it cannot be told which of them a rule names.
      expect(errorOf(files.open('/workspace/.env', BOTH))).toBe('access');
      expect(errorOf(files.rename('/workspace/.env', '/workspace/plain'))).toBe('access');
      expect(errorOf(files.hardLink('/workspace/.env', '/workspace/plain'))).toBe('access');
      void fixture.gate.close();
      expect(unsettled(fixture.records)).toEqual([]);
    }
  });

  it('makes no hard link of anything, whatever the policy says', () => {
    using fixture = fsFixture({ rules: [{ id: 'r1', namesHost: true }] });
    writeFileSync(join(fixture.root, 'f'), 'x');
    for (const source of ['/workspace/f', '/workspace/absent'])
      expect(errorOf(fixture.gate.files.hardLink(source, '/workspace/g'))).toBe('access');
    expect(errorOf(fixture.gate.files.hardLink('/workspace/../x', '/workspace/g'))).toBe('invalid');
    expect(statSync(join(fixture.root, 'f')).nlink).toBe(1);
    expect(fixture.records.every(({ type }) => type === 'effect.denied')).toBe(true);
  });
});
