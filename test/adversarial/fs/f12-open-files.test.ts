import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  BOTH,
  CREATE,
  descriptors,
  errorOf,
  HOW,
  READ,
  unsettled,
  valueOf,
  WRITE,
} from '../../gates/fs/file-answers.ts';
import { bytes, fsFixture, text } from '../../gates/fs/fs-fixture.ts';

const MIB = 1 << 20;
const FAST_MS = 250;

describe('a file that is open is worth what was decided, and no more', () => {
  it('stays the object that was opened, whatever takes its name', () => {
    using fixture = fsFixture();
    const { root, outside, gate } = fixture;
    writeFileSync(join(root, 'f'), 'inside');
    writeFileSync(join(outside, 'secret'), 'OUTSIDE');
    const file = valueOf(gate.files.open('/workspace/f', BOTH));
    renameSync(join(root, 'f'), join(root, 'away'));
    symlinkSync(join(outside, 'secret'), join(root, 'f'));
    expect(text(valueOf(file.read(0n, 100)))).toBe('inside');
    valueOf(file.write(0n, bytes('INSIDE')));
    valueOf(file.append(bytes('+')));
    valueOf(file.setSize(7n));
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('OUTSIDE');
    expect(readFileSync(join(root, 'away'), 'utf8')).toBe('INSIDE+');
    for (const how of [READ, WRITE, CREATE, HOW]) expect(errorOf(gate.files.open('/workspace/f', how))).toBe('loop');
  });

  it('is not changed any more once it has a second name', () => {
    using fixture = fsFixture();
    const { root, outside, gate } = fixture;
    writeFileSync(join(root, 'f'), 'kept');
    const file = valueOf(gate.files.open('/workspace/f', BOTH));
    linkSync(join(root, 'f'), join(outside, 'second'));
    for (const answer of [
      file.write(0n, bytes('x')),
      file.append(bytes('x')),
      file.setSize(0n),
      file.setTimes('now', 'now'),
    ])
      expect(errorOf(answer)).toBe('access');
    for (const how of [WRITE, CREATE, BOTH, { ...CREATE, truncate: true }])
      expect(errorOf(gate.files.open('/workspace/f', how))).toBe('access');
    expect(errorOf(gate.files.setTimes('/workspace/f', true, 'now', 'now'))).toBe('access');
    expect(errorOf(gate.files.rename('/workspace/f', '/workspace/g'))).toBe('access');
    expect(readFileSync(join(outside, 'second'), 'utf8')).toBe('kept');
    expect(text(valueOf(file.read(0n, 9)))).toBe('kept');
  });

  it('neither waits at a pipe nor connects to a socket', async () => {
    using fixture = fsFixture();
    const { root, gate } = fixture;
    execFileSync('mkfifo', [join(root, 'pipe')]);
    let contacts = 0;
    const server = createServer(() => (contacts += 1)).listen(join(root, 'socket'));
    await once(server, 'listening');
    for (const name of ['pipe', 'socket']) {
      const path = `/workspace/${name}`;
      const started = performance.now();
      for (const how of [READ, WRITE, BOTH, CREATE, { ...CREATE, truncate: true }])
        expect(errorOf(gate.files.open(path, how))).toBe('not-permitted');
      expect(errorOf(gate.files.open(path, { ...CREATE, exclusive: true }))).toBe('exist');
      expect(errorOf(gate.files.removeFile(path))).toBe('not-permitted');
      expect(errorOf(gate.files.rename(path, '/workspace/x'))).toBe('not-permitted');
      expect(valueOf(gate.files.status(path, true)).type).toBe('other');
      expect(performance.now() - started).toBeLessThan(10 * FAST_MS);
    }
    server.close();
    expect(contacts).toBe(0);
    expect(fixture.faults).toEqual([]);
  });

  it('opens no device', ({ skip }) => {
    using fixture = fsFixture();
    try {
      execFileSync('mknod', [join(fixture.root, 'zero'), 'c', '1', '5'], { stdio: 'ignore' });
    } catch {
      return skip('making a device needs the right to do so');
    }
    for (const how of [READ, WRITE, BOTH, CREATE])
      expect(errorOf(fixture.gate.files.open('/workspace/zero', how))).toBe('not-permitted');
  });

  it('grows no larger than a file may: not by writing, not by appending, and not sparsely', () => {
    using fixture = fsFixture();
    const { root, gate } = fixture;
    const file = valueOf(gate.files.open('/workspace/f', CREATE));
    valueOf(file.write(0n, bytes('some')));
    for (const size of [BigInt(MIB) + 1n, 2n ** 40n, 2n ** 53n, 2n ** 64n - 1n])
      expect(errorOf(file.setSize(size))).toBe('file-too-large');
    for (const offset of [BigInt(MIB) - 1n, 2n ** 40n, 2n ** 64n - 1n])
      expect(errorOf(file.write(offset, bytes('xy')))).toBe('file-too-large');
    expect(errorOf(file.append(new Uint8Array(MIB)))).toBe('file-too-large');
    expect(errorOf(file.write(-1n, bytes('x')))).toBe('invalid');
    expect(valueOf(file.write(2n ** 40n, new Uint8Array(0)))).toBe(0);
    expect(statSync(join(root, 'f')).size).toBe(4);
    valueOf(file.setSize(BigInt(MIB)));
    expect(fixture.faults).toEqual([]);
  });

  it('lets one that is too large already be made smaller', () => {
    using fixture = fsFixture();
    writeFileSync(join(fixture.root, 'f'), '');
    truncateSync(join(fixture.root, 'f'), 4 * MIB);
    const file = valueOf(fixture.gate.files.open('/workspace/f', WRITE));
    valueOf(file.write(0n, bytes('x')));
    valueOf(file.setSize(2n * BigInt(MIB)));
    expect(errorOf(file.append(bytes('x')))).toBe('file-too-large');
  });

  it('keeps within the quota of its mount, together with all that is there', () => {
    using fixture = fsFixture({ mount: { quota: { bytes: 1000, files: 3 } } });
    const { root, gate } = fixture;
    writeFileSync(join(root, 'there'), new Uint8Array(600));
    const file = valueOf(gate.files.open('/workspace/f', CREATE));
    valueOf(file.write(0n, new Uint8Array(300)));
    for (const answer of [file.setSize(401n), file.write(399n, bytes('xy')), file.append(new Uint8Array(101))])
      expect(errorOf(answer)).toBe('quota');
    valueOf(file.append(new Uint8Array(100)));
    valueOf(file.setSize(0n));
    valueOf(file.setSize(400n));
    valueOf(gate.files.open('/workspace/there', { ...WRITE, truncate: true })).close();
    valueOf(file.setSize(1000n));
    valueOf(gate.files.open('/workspace/g', CREATE)).close();
    expect(errorOf(gate.files.open('/workspace/h', CREATE))).toBe('quota');
    expect(errorOf(gate.files.makeDirectory('/workspace/d'))).toBe('quota');
    valueOf(gate.files.removeFile('/workspace/g'));
    valueOf(gate.files.makeDirectory('/workspace/d'));
  });

  it('leaks no descriptor in 10 000 openings, and of the 257th at a time none is opened', async () => {
    using fixture = fsFixture();
    const { files } = fixture.gate;
    const open = (how = CREATE) => files.open('/workspace/f', how);
    valueOf(open()).close();
    for (let n = 0; n < 100; n += 1) valueOf(open(READ)).close();
    const before = descriptors();
    for (let n = 0; n < 10_000; n += 1) {
      valueOf(open(n % 2 === 0 ? BOTH : HOW)).close();
      if (n % 10 === 0) expect(errorOf(files.open('/workspace', READ))).toBe('is-directory');
    }
    expect(descriptors()).toBe(before);
    const held = Array.from({ length: 256 }, () => valueOf(open(READ)));
    for (let n = 0; n < 10; n += 1) expect(errorOf(open(READ))).toBe('busy');
    expect(descriptors()).toBe(before + 256);
    held[0]!.close();
    valueOf(open(READ));
    await fixture.gate.close();
    // The mount itself is closed as well.
    expect(descriptors()).toBeLessThan(before);
    const ends = new Set(fixture.records.map(({ intent }) => intent));
    const open_ = fixture.records.filter(({ type }, seq) => type === 'effect.intended' && !ends.has(seq));
    expect(open_).toEqual([]);
  });

  it('is looked at again when the policy changes, before each use', () => {
    let generation = 1;
    let allowed = true;
    using fixture = fsFixture({ allow: () => allowed, generation: () => generation });
    writeFileSync(join(fixture.root, 'f'), 'kept');
    const file = valueOf(fixture.gate.files.open('/workspace/f', BOTH));
    allowed = false;
    expect(text(valueOf(file.read(0n, 9)))).toBe('kept');
    generation = 2;
    for (const answer of [file.read(0n, 9), file.write(0n, bytes('x')), file.append(bytes('x')), file.setSize(0n)])
      expect(errorOf(answer)).toBe('access');
    expect(errorOf(file.status())).toBe('access');
    allowed = true;
    valueOf(file.write(0n, bytes('K')));
    file.close();
    expect(readFileSync(join(fixture.root, 'f'), 'utf8')).toBe('Kept');
    expect(fixture.records.at(-1)?.outcome).toMatchObject({ bytesOut: 1, detail: { revoked: true } });
  });

  it('answers the same for what is denied whether it is there or not', () => {
    using fixture = fsFixture({ allow: () => false, mount: { symlinks: 'inside' } });
    const { root } = fixture;
    const { files } = fixture.gate;
    mkdirSync(join(root, 'there'));
    symlinkSync('there', join(root, 'link'));
    const answers = ['/workspace/there', '/workspace/link', '/workspace/absent', '/nowhere'].map((path) => [
      ...[HOW, READ, WRITE, CREATE, { ...CREATE, exclusive: true }].map((how) => errorOf(files.open(path, how))),
      errorOf(files.status(path, true)),
      errorOf(files.list(path)),
      errorOf(files.makeDirectory(path)),
      errorOf(files.removeFile(path)),
      errorOf(files.removeDirectory(path)),
      errorOf(files.rename(path, path)),
      errorOf(files.hardLink(path, path)),
      errorOf(files.readLink(path)),
      errorOf(files.setTimes(path, true, 'now', 'now')),
    ]);
    expect(new Set(answers.flat())).toEqual(new Set(['access']));
    expect(unsettled(fixture.records)).toEqual([]);
  });
});
