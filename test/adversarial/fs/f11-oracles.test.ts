import { mkdirSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PROTECTED_NAMES } from '../../../host/gates/fs/protected-names.ts';
import { bytes, fsErrorOf, fsFixture, fsTagOf, text } from '../../gates/fs/fs-fixture.ts';

const WRITES_PROTECTED = [
  '.git/hooks/pre-commit',
  '.git/hooks',
  '.git/config',
  '.git/modules/sub/hooks/post-checkout',
  '.git',
  '.bashrc',
  '.profile',
  '.zshrc',
  'deep/.zshenv',
  '.ssh/authorized_keys',
  '.config/fish/config.fish',
];

describe('F11: answers tell nothing about what may not be seen, and some names are never touched', () => {
  it('gives the same text for a file that is denied and for one that is not there', async () => {
    using fixture = fsFixture({ allow: () => false });
    writeFileSync(join(fixture.root, 'present'), 'x');
    const texts: string[] = [];
    for (const path of ['/workspace/present', '/workspace/absent', '/nowhere/at/all']) {
      const error = await fsErrorOf(fixture.fs.read(path));
      if (error.tag === 'denied') texts.push(JSON.stringify({ ...error.val, decision: '', retryAfterMs: 0 }));
    }
    expect(texts).toHaveLength(3);
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).not.toMatch(/present|workspace|tmp/);
  });

  it.each(WRITES_PROTECTED)('never changes `%s`, whatever the policy says', async (name) => {
    using fixture = fsFixture({ rules: [{ id: 'r1', namesHost: true }] });
    const { fs, root } = fixture;
    const path = `/workspace/${name}`;
    const at = join(root, name);
    mkdirSync(join(at, '..'), { recursive: true });
    if (name !== '.git' && name !== '.git/hooks') writeFileSync(at, 'kept');
    expect(await fsTagOf(fs.write(path, bytes('x')))).toBe('denied:protected-resource');
    expect(await fsTagOf(fs.append(path, bytes('x')))).toBe('denied:protected-resource');
    expect(await fsTagOf(fs.remove(path))).toBe('denied:protected-resource');
    await fs.write('/workspace/source', bytes('x'));
    expect(await fsTagOf(fs.rename('/workspace/source', path))).toBe('denied:protected-resource');
    expect(await fsTagOf(fs.rename(path, '/workspace/target'))).toBe('denied:protected-resource');
    expect(existsSync(join(root, 'target'))).toBe(false);
  });

  it.each(['.env', '.env.production', 'app/.env'])('opens `%s` only for a rule that names it exactly', async (name) => {
    const path = `/workspace/${name}`;
    for (const namesHost of [false, true]) {
      using fixture = fsFixture({ rules: [{ id: 'r1', namesHost }] });
      mkdirSync(join(fixture.root, 'app'));
      writeFileSync(join(fixture.root, name), 'TOKEN=x');
      if (namesHost) expect(text(await fixture.fs.read(path))).toBe('TOKEN=x');
      else expect(await fsTagOf(fixture.fs.read(path))).toBe('denied:protected-resource');
      expect(await fsTagOf(fixture.fs.rename(path, '/workspace/plain'))).toBe('denied:protected-resource');
    }
  });

  it('reads and writes the names beside them', async () => {
    using fixture = fsFixture();
    for (const name of ['env', '.environment', 'bashrc', 'hooks', '.github', '.gitignore', 'git']) {
      await fixture.fs.write(`/workspace/${name}`, bytes(name));
      expect(text(await fixture.fs.read(`/workspace/${name}`))).toBe(name);
    }
    mkdirSync(join(fixture.root, '.git/hooks'), { recursive: true });
    writeFileSync(join(fixture.root, '.git/hooks/pre-commit'), 'readable');
    expect(text(await fixture.fs.read('/workspace/.git/hooks/pre-commit'))).toBe('readable');
  });

  it('protects the names that a mount adds, and lifts those that it switches off', async () => {
    const protect = {
      ...DEFAULT_PROTECTED_NAMES,
      gitHooks: false,
      never: ['makefile', 'deploy/keys'],
      unlessNamed: ['customers.csv'],
    };
    for (const namesHost of [false, true]) {
      using fixture = fsFixture({ rules: [{ id: 'r1', namesHost }], mount: { protect } });
      const { fs, root } = fixture;
      mkdirSync(join(root, '.git/hooks'), { recursive: true });
      mkdirSync(join(root, 'app/deploy/keys'), { recursive: true });
      for (const name of ['customers.csv', 'Makefile']) writeFileSync(join(root, name), 'x');
      for (const name of ['Makefile', 'app/makefile', 'app/deploy/keys/a', '.bashrc'])
        expect(await fsTagOf(fs.write(`/workspace/${name}`, bytes('x')))).toBe('denied:protected-resource');
      expect(await fsTagOf(fs.remove('/workspace/app/deploy/keys'))).toBe('denied:protected-resource');
      expect(text(await fs.read('/workspace/Makefile'))).toBe('x');
      await fs.write('/workspace/.git/hooks/pre-commit', bytes('x'));
      await fs.write('/workspace/app/deploy/keys2', bytes('x'));
      const named = fs.read('/workspace/customers.csv').then(text, () => 'denied');
      expect(await named).toBe(namesHost ? 'x' : 'denied');
    }
  });
});
