import { execFileSync } from 'node:child_process';
import { lstatSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bytes, fsFixture, fsTagOf, text } from '../../gates/fs/fs-fixture.ts';

const FAST_MS = 50;

async function refusedFast(fixture: ReturnType<typeof fsFixture>, name: string): Promise<void> {
  const path = `/workspace/${name}`;
  const started = performance.now();
  expect(await fsTagOf(fixture.fs.read(path))).toBe('not-a-file');
  expect(await fsTagOf(fixture.fs.write(path, bytes('x')))).toBe('not-a-file');
  expect(await fsTagOf(fixture.fs.append(path, bytes('x')))).toBe('not-a-file');
  expect(await fsTagOf(fixture.fs.remove(path))).toBe('not-a-file');
  expect(await fsTagOf(fixture.fs.list(path))).toBe('not-a-directory');
  expect(performance.now() - started).toBeLessThan(5 * FAST_MS);
  expect(await fixture.fs.stat(path)).toMatchObject({ kind: 'other' });
  expect(fixture.faults).toEqual([]);
}

describe('F6: only regular files and directories are opened', () => {
  it('refuses a pipe without waiting for its other end', async () => {
    using fixture = fsFixture();
    execFileSync('mkfifo', [join(fixture.root, 'pipe')]);
    await refusedFast(fixture, 'pipe');
    expect(lstatSync(join(fixture.root, 'pipe')).isFIFO()).toBe(true);
  });

  it('refuses a socket and connects to nothing', async () => {
    using fixture = fsFixture();
    let contacts = 0;
    const server = createServer(() => (contacts += 1)).listen(join(fixture.root, 'socket'));
    await once(server, 'listening');
    await refusedFast(fixture, 'socket');
    server.close();
    expect(contacts).toBe(0);
  });

  it('refuses a device', async ({ skip }) => {
    using fixture = fsFixture();
    try {
      execFileSync('mknod', [join(fixture.root, 'zero'), 'c', '1', '5'], { stdio: 'ignore' });
    } catch {
      return skip('making a device needs the right to do so');
    }
    await refusedFast(fixture, 'zero');
  });

  it('reads the regular file beside them', async () => {
    using fixture = fsFixture();
    writeFileSync(join(fixture.root, 'f'), 'regular');
    expect(text(await fixture.fs.read('/workspace/f'))).toBe('regular');
  });
});
