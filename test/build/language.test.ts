import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { languageOf } from '../../src/build/language.ts';

describe('the language of a guest', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-language-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const put = (...names: string[]): void => names.forEach((name) => writeFileSync(join(folder, name), ''));

  it.each([
    ['js', ['agent.js']],
    ['js', ['agent.mjs', 'README.md']],
    ['js', ['package.json']],
    ['rust', ['Cargo.toml']],
    ['python', ['app.py', 'helper.py']],
  ])('is %s where the folder has %j', (language, names) => {
    put(...names);
    expect(languageOf(folder)).toBe(language);
  });

  it('is asked for where the folder could be two', () => {
    put('app.py', 'agent.js');
    expect(() => languageOf(folder)).toThrow(
      expect.objectContaining({ code: 'ERR_USAGE', hints: ['say which with `--language`'] }),
    );
  });

  it('is refused for a folder without a guest, a file, and nothing', () => {
    mkdirSync(join(folder, 'src'));
    put('README.md');
    expect(() => languageOf(folder)).toThrow(/holds no guest/);
    expect(() => languageOf(join(folder, 'README.md'))).toThrow(/is not a folder/);
    expect(() => languageOf(join(folder, 'absent'))).toThrow(/is not a folder/);
  });
});
