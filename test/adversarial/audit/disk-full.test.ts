import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyRunFile } from '../../../host/audit/verify/run-file.ts';
import type { HostError } from '../../../host/contracts/errors.ts';
import { fullDisk, intended, open, OPENED, scratch, settled } from '../../audit/run-fixture.ts';

const RESERVE = 1024 * 1024;

/** Appends intents, and counts the effects that were let through, until the log says no. */
function runUntilFull(run: ReturnType<typeof open>): { effects: number; error: HostError } {
  let effects = 0;
  for (;;) {
    try {
      const intent = run.writer.append(intended(effects));
      effects += 1;
      run.writer.append(settled(intent));
    } catch (error) {
      return { effects, error: error as HostError };
    }
  }
}
const intents = (text: string) =>
  text.split('\n').filter((line) => line.endsWith('"type":"effect.intended","v":1}')).length;

describe('a full disk', () => {
  it('stops the next effect, whatever part of a record still fits, and the record says how the run ended', () => {
    using folder = scratch();
    for (let room = 900; room < 2600; room += 61) {
      const files = fullDisk(RESERVE + room);
      const run = open(folder.directory, { files, run: `run-${room}` });
      run.writer.append(OPENED);
      const { effects, error } = runUntilFull(run);
      expect(error).toMatchObject({ code: 'ERR_AUDIT_APPEND', exit: 2 });
      expect(error.message).toContain('ENOSPC');
      expect(error.hints).toEqual([expect.stringContaining('free some space')]);
      expect(() => run.writer.append(intended())).toThrow(error);
      expect(intents(run.text())).toBe(effects);
      run.close({ status: 'denied' });
      expect(verifyRunFile(readFileSync(run.path))).toMatchObject({ ok: true });
      expect(run.text()).toContain('"status":"denied"');
      files.free(2 * RESERVE);
    }
  });

  it('refuses the run where there is no room for the reserve, and leaves no file', () => {
    using folder = scratch();
    const files = fullDisk(RESERVE - 1);
    expect(() => open(folder.directory, { files })).toThrow(expect.objectContaining({ code: 'ERR_AUDIT_APPEND' }));
    expect(files.list(folder.directory)).toEqual([]);
  });

  it('is an error of the closing where even the reserve does not help', () => {
    using folder = scratch();
    const files = fullDisk(RESERVE + 900);
    const run = open(folder.directory, { files });
    run.writer.append(OPENED);
    runUntilFull(run);
    files.remove(join(folder.directory, 'reserve'));
    files.free(-RESERVE);
    expect(() => run.close()).toThrow(expect.objectContaining({ code: 'ERR_AUDIT_APPEND' }));
    files.free(RESERVE);
    run.close();
    expect(verifyRunFile(readFileSync(run.path)).ok).toBe(true);
  });

  it('of the machine does the same', (context) => {
    using folder = scratch();
    const mount = join(folder.directory, 'small');
    mkdirSync(mount);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1200k,mode=0700', 'tmpfs', mount], { stdio: 'ignore' });
    } catch {
      context.skip('a small tmpfs cannot be mounted: that needs root');
    }
    try {
      const run = open(join(mount, 'audit'));
      run.writer.append(OPENED);
      writeFileSync(join(mount, 'filler'), Buffer.alloc(60 * 1024));
      const { effects, error } = runUntilFull(run);
      expect(error.message).toContain('ENOSPC');
      expect(intents(run.text())).toBe(effects);
      expect(run.close({ status: 'denied' }).records).toBeGreaterThan(effects);
      expect(verifyRunFile(readFileSync(run.path)).ok).toBe(true);
      expect(() => open(join(mount, 'audit'), { run: 'run-2' })).toThrow('ENOSPC');
      rmSync(join(mount, 'filler'));
      const { writer } = open(join(mount, 'audit'), { run: 'run-2' });
      expect(writer.append(OPENED)).toBe(0);
      writer.close();
      expect(statSync(join(mount, 'audit', 'reserve')).size).toBe(RESERVE);
    } finally {
      execFileSync('umount', ['-l', mount]);
    }
  });
});

describe('a disk that fails', () => {
  it('at the sync of a record denies the effect', () => {
    using folder = scratch();
    const real = fullDisk(Infinity);
    const files = {
      ...real,
      create: (path: string) => ({ ...real.create(path), sync: () => { throw new Error('EIO: i/o error, fdatasync'); } }), // prettier-ignore
    };
    const run = open(folder.directory, { files, sync: 'fsync' });
    expect(() => run.writer.append(intended())).toThrow('EIO');
    expect(() => run.writer.append(intended())).toThrow('EIO');
  });
});
