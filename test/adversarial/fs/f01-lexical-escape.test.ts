import { readFileSync, writeFileSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytes, fsFixture, fsErrorOf, text } from '../../gates/fs/fs-fixture.ts';

const ESCAPES = [
  '',
  '.',
  '..',
  'f',
  'workspace/f',
  './workspace/f',
  '/workspace/../outside/f',
  '/workspace/..',
  '/workspace/.',
  '/workspace/./f',
  '/workspace/d/../../outside/f',
  '/../workspace/f',
  '//workspace/f',
  '/workspace//f',
  '/workspace/f/',
  '/workspace/',
  '/workspace\\f',
  '/workspace/..\\outside\\f',
  '\\workspace\\f',
  'C:\\workspace\\f',
  '\\\\host\\share\\f',
  'file:///workspace/f',
];

describe('F1: a path cannot leave its mount by its text', () => {
  it.each(ESCAPES)('refuses `%s`', async (path) => {
    using fixture = fsFixture();
    writeFileSync(join(fixture.root, 'f'), 'inside');
    expect((await fsErrorOf(fixture.fs.read(path))).tag).toBe('invalid-path');
    expect((await fsErrorOf(fixture.fs.write(path, bytes('x')))).tag).toBe('invalid-path');
    expect((await fsErrorOf(fixture.fs.rename('/workspace/f', path))).tag).toBe('invalid-path');
    expect(fixture.records.every(({ type }) => type === 'effect.denied')).toBe(true);
    expect(readFileSync(join(fixture.root, 'f'), 'utf8')).toBe('inside');
  });

  it.each([
    '/workspace/%2e%2e/f',
    '/workspace/..%2ff',
    '/workspace/...',
    '/workspace/..f',
    '/workspace/f..',
    '/workspace/~',
  ])('takes `%s` as an ordinary name', async (path) => {
    using fixture = fsFixture();
    const name = path.slice('/workspace/'.length);
    if (name.includes('/')) mkdirSync(join(fixture.root, name.slice(0, name.indexOf('/'))));
    await fixture.fs.write(path, bytes('x'));
    expect(readFileSync(join(fixture.root, name), 'utf8')).toBe('x');
  });

  it('does not take a sibling with the same beginning for the mount', async () => {
    using fixture = fsFixture();
    mkdirSync(`${fixture.root}2`);
    const sentinel = join(`${fixture.root}2`, 'f');
    writeFileSync(sentinel, 'sibling');
    const before = statSync(sentinel);
    expect((await fsErrorOf(fixture.fs.read('/workspace2/f'))).tag).toBe('not-found');
    expect((await fsErrorOf(fixture.fs.write('/workspace2/f', bytes('x')))).tag).toBe('not-found');
    expect(readFileSync(sentinel, 'utf8')).toBe('sibling');
    expect(statSync(sentinel).mtimeMs).toBe(before.mtimeMs);
  });

  it('reads the file of the same name inside', async () => {
    using fixture = fsFixture();
    writeFileSync(join(fixture.root, 'f'), 'inside');
    expect(text(await fixture.fs.read('/workspace/f'))).toBe('inside');
  });
});
