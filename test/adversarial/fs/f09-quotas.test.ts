import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytes, fsFixture, fsTagOf, mountOf, text } from '../../gates/fs/fs-fixture.ts';

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

describe('F9: sizes and descriptors stay within their limits', () => {
  it('writes no more than the mount and the call allow', async () => {
    using fixture = fsFixture({ mount: { maxFileBytes: 10 }, callBytes: 100 });
    const { fs, root } = fixture;
    expect(await fsTagOf(fs.write('/workspace/f', bytes('x'.repeat(11))))).toBe('too-large');
    expect(existsSync(join(root, 'f'))).toBe(false);
    await fs.write('/workspace/f', bytes('x'.repeat(10)));
    expect(await fsTagOf(fs.append('/workspace/f', bytes('x')))).toBe('too-large');
    expect(readFileSync(join(root, 'f'))).toHaveLength(10);
  });

  it('reads no more than one call may carry, and parts of what is larger', async () => {
    using fixture = fsFixture({ callBytes: 100 });
    writeFileSync(join(fixture.root, 'f'), 'x'.repeat(101));
    expect(await fsTagOf(fixture.fs.read('/workspace/f'))).toBe('too-large');
    expect(await fsTagOf(fixture.fs.read('/workspace/f', { offset: 0n, length: 101n }))).toBe('too-large');
    expect(await fixture.fs.read('/workspace/f', { offset: 1n, length: 100n })).toHaveLength(100);
  });

  it('counts the size that a sparse file shows, not its blocks', async () => {
    using fixture = fsFixture();
    writeFileSync(join(fixture.root, 'sparse'), '');
    truncateSync(join(fixture.root, 'sparse'), 2 ** 40);
    expect(await fsTagOf(fixture.fs.read('/workspace/sparse'))).toBe('too-large');
    expect(await fsTagOf(fixture.fs.append('/workspace/sparse', bytes('x')))).toBe('too-large');
    expect(await fixture.fs.read('/workspace/sparse', { offset: 2n ** 39n, length: 4n })).toEqual(new Uint8Array(4));
  });

  it('holds few descriptors whatever the guest touches, and none after the end', async () => {
    const before = openDescriptors();
    {
      using fixture = fsFixture();
      for (let index = 0; index < 300; index += 1) {
        mkdirSync(join(fixture.root, `d${index}`));
        await fixture.fs.write(`/workspace/d${index}/f`, bytes('x'));
        await fixture.fs.read(`/workspace/d${index}/f`);
        await fsTagOf(fixture.fs.read(`/workspace/d${index}/none`));
        await fsTagOf(fixture.fs.read(`/workspace/d${index}`));
      }
      expect(openDescriptors() - before).toBeLessThan(80);
    }
    expect(openDescriptors()).toBe(before);
  });

  it('leaves no part of a write or an append when the disk is full', async ({ skip }) => {
    using fixture = fsFixture({
      mount: { path: '/first' },
      more: (folder) => {
        mkdirSync(join(folder, 'small'));
        try {
          execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', join(folder, 'small')], { stdio: 'ignore' });
        } catch {
          return [];
        }
        return [mountOf('/small', join(folder, 'small'))];
      },
    });
    const small = join(fixture.folder, 'small');
    if (!readFileSync('/proc/self/mounts', 'utf8').includes(small)) return skip('mounting needs the right to do so');
    try {
      await fixture.fs.write('/small/f', bytes('old'));
      expect(await fsTagOf(fixture.fs.write('/small/f', bytes('x'.repeat(200_000))))).toBe('no-space');
      expect(text(await fixture.fs.read('/small/f'))).toBe('old');
      expect(readdirSync(small)).toEqual(['f']);
      expect(await fsTagOf(fixture.fs.append('/small/f', bytes('x'.repeat(200_000))))).toBe('no-space');
      expect(text(await fixture.fs.read('/small/f'))).toBe('old');
      expect(await fsTagOf(fixture.fs.append('/small/new', bytes('x'.repeat(200_000))))).toBe('no-space');
      expect(readdirSync(small)).toEqual(['f']);
    } finally {
      await fixture.gate.close();
      execFileSync('umount', [small]);
    }
  });
});
