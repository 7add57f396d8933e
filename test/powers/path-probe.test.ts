import { chmodSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createPathProbe } from '../../host/powers/path-probe.ts';
import { scratch } from '../audit/run-fixture.ts';

const probe = createPathProbe();

describe('the path probe', () => {
  it('tells files, directories, other things and nothing apart, through links', () => {
    using folder = scratch();
    const at = (name: string) => join(folder.directory, name);
    writeFileSync(at('file'), '');
    mkdirSync(at('directory'));
    symlinkSync(at('file'), at('link'));
    symlinkSync(at('gone'), at('dangling'));
    symlinkSync(at('loop'), at('loop'));
    const paths = [
      at('file'),
      at('directory'),
      at('link'),
      '/dev/null',
      at('dangling'),
      at('loop'),
      at('file/x'),
      'a\0b',
    ];
    expect(paths.map((path) => probe.kind(path))).toEqual([
      'file',
      'directory',
      'file',
      'other',
      ...Array<undefined>(4),
    ]);
  });

  it('calls executable what is a file with the right to execute', () => {
    using folder = scratch();
    const path = join(folder.directory, 'tool');
    writeFileSync(path, '');
    expect(probe.executable(path)).toBe(false);
    chmodSync(path, 0o700);
    expect([path, folder.directory, `${path}.gone`].map((each) => probe.executable(each))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('tells what can be read and written', () => {
    using folder = scratch();
    expect([probe.readable(folder.directory), probe.writable(folder.directory)]).toEqual([true, true]);
    expect([probe.readable('/nowhere'), probe.writable('/nowhere')]).toEqual([false, false]);
  });

  it('resolves every link of a path', () => {
    using folder = scratch();
    const link = join(folder.directory, 'link');
    symlinkSync(folder.directory, link);
    expect(probe.real(join(link, 'link'))).toBe(realpathSync(folder.directory));
    expect(probe.real('/nowhere')).toBeUndefined();
  });
});
