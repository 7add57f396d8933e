import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { bytes, fsFixture, fsTagOf } from '../../gates/fs/fs-fixture.ts';

const limited = (limits: { bytes?: number; files?: number }) =>
  fsFixture({ mount: { quota: { bytes: 1 << 30, files: 1000, ...limits } } });

describe('F9: a mount holds no more than its quota', () => {
  it('counts bytes before they are written, over writes, appends, replacements and removals', async () => {
    using fixture = limited({ bytes: 100 });
    const { fs, root } = fixture;
    await fs.write('/workspace/a', bytes('x'.repeat(60)));
    expect(await fsTagOf(fs.write('/workspace/b', bytes('x'.repeat(41))))).toBe('no-space');
    await fs.append('/workspace/a', bytes('x'.repeat(40)));
    expect(await fsTagOf(fs.append('/workspace/a', bytes('x')))).toBe('no-space');
    expect(await fsTagOf(fs.append('/workspace/new', bytes('x')))).toBe('no-space');
    expect(readdirSync(root)).toEqual(['a']);
    expect(readFileSync(join(root, 'a'))).toHaveLength(100);
    await fs.write('/workspace/a', bytes('x'.repeat(30)));
    await fs.write('/workspace/b', bytes('x'.repeat(70)));
    await fs.rename('/workspace/b', '/workspace/a');
    await fs.write('/workspace/c', bytes('x'.repeat(30)));
    await fs.remove('/workspace/a');
    await fs.write('/workspace/d', bytes('x'.repeat(70)));
    expect(fixture.faults).toEqual([]);
  });

  it('counts files and directories', async () => {
    using fixture = limited({ files: 3 });
    const { fs } = fixture;
    await fs.makeDirectory('/workspace/d');
    await fs.write('/workspace/d/a', bytes(''));
    await fs.append('/workspace/d/b', bytes(''));
    expect(await fsTagOf(fs.write('/workspace/c', bytes('')))).toBe('no-space');
    expect(await fsTagOf(fs.makeDirectory('/workspace/e'))).toBe('no-space');
    await fs.write('/workspace/d/a', bytes('replaced'));
    await fs.rename('/workspace/d/a', '/workspace/d/b');
    await fs.write('/workspace/c', bytes(''));
  });

  it('counts what other runs have left, with the size that sparse files show', async () => {
    using fixture = limited({ bytes: 1 << 20 });
    mkdirSync(join(fixture.root, 'd/e'), { recursive: true });
    writeFileSync(join(fixture.root, 'd/e/sparse'), '');
    truncateSync(join(fixture.root, 'd/e/sparse'), 2 ** 40);
    expect(await fsTagOf(fixture.fs.write('/workspace/f', bytes('x')))).toBe('no-space');
    await fixture.fs.remove('/workspace/d/e/sparse');
    await fixture.fs.write('/workspace/f', bytes('x'));
  });

  it('sees during a run what others write', async () => {
    using fixture = limited({ bytes: 100 });
    await fixture.fs.write('/workspace/a', bytes('x'));
    writeFileSync(join(fixture.root, 'b'), 'x'.repeat(100));
    await sleep(200);
    expect(await fsTagOf(fixture.fs.append('/workspace/a', bytes('x')))).toBe('no-space');
  });

  it('takes a mount with more files than it may have for full, and counts nothing behind links', async () => {
    using fixture = limited({ files: 10 });
    symlinkSync(fixture.outside, join(fixture.root, 'link'));
    for (let index = 0; index < 50; index += 1) writeFileSync(join(fixture.outside, `n${index}`), '');
    await fixture.fs.write('/workspace/a', bytes('x'));
    for (let index = 0; index < 50; index += 1) writeFileSync(join(fixture.root, `n${index}`), '');
    await sleep(200);
    expect(await fsTagOf(fixture.fs.append('/workspace/a', bytes('x')))).toBe('no-space');
    await fixture.fs.write('/workspace/a', bytes(''));
  });
});
