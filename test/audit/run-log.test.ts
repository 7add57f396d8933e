import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { openRunLog, resumeRunLog, type RunLogState } from '../../host/audit/run-log.ts';
import { verifyRunFile } from '../../host/audit/verify/run-file.ts';
import type { AuditEntry } from '../../host/contracts/audit-record.ts';
import { createAuditFiles } from '../../host/powers/audit-file.ts';
import { createClock } from '../../host/powers/clock.ts';
import { intended, open, OPENED, RUN, scratch, settled, steppingClock } from './run-fixture.ts';

const powers = { files: createAuditFiles(), clock: steppingClock() };
const denied = expect.objectContaining({ code: 'ERR_AUDIT_APPEND' }) as unknown;
const thrownBy = (action: () => unknown): unknown => {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe('the log of a run', () => {
  it('is a file for its owner alone, in a folder for its owner alone', () => {
    using folder = scratch();
    const directory = join(folder.directory, 'a', 'b');
    const { path } = open(directory);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it('has every record in the file when `append` returns', () => {
    using folder = scratch();
    const { writer, records } = open(folder.directory);
    expect([OPENED, intended(1), settled(1)].map((entry) => writer.append(entry))).toEqual([0, 1, 2]);
    expect(records().map(({ seq, type }) => [seq, type])).toEqual([
      [0, 'run.opened'],
      [1, 'effect.intended'],
      [2, 'effect.settled'],
    ]);
  });

  it('starts with 64 zeros and goes on with the hash of the record before', () => {
    using folder = scratch();
    const { writer, records } = open(folder.directory);
    for (const entry of [OPENED, intended(1), settled(1)]) writer.append(entry);
    const [first, second, third] = records();
    expect(first?.['prev']).toBe('0'.repeat(64));
    expect(second?.['prev']).toBe(first?.['hash']);
    expect(third?.['prev']).toBe(second?.['hash']);
  });

  it('writes the time in UTC with milliseconds, and microseconds since the start that never go back', () => {
    using folder = scratch();
    let us = 5_000_000;
    const clock = { nowMs: () => Date.UTC(1999, 11, 31, 23, 59, 59, 7), monotonicUs: () => us };
    const { writer, records } = open(folder.directory, { clock });
    us += 41.7;
    writer.append(OPENED);
    us -= 30;
    writer.append(intended());
    expect(records().map(({ time, mono }) => [time, mono])).toEqual([
      ['1999-12-31T23:59:59.007Z', 41],
      ['1999-12-31T23:59:59.007Z', 41],
    ]);
  });

  it('waits for the disk at every record where `sync` says so, and for the folder at the start', () => {
    using folder = scratch();
    const real = createAuditFiles();
    const calls: string[] = [];
    const files: typeof real = {
      ...real,
      create(path) {
        const file = real.create(path);
        return { ...file, sync: () => void calls.push('file') };
      },
      syncDirectory: () => void calls.push('folder'),
    };
    const { writer } = open(folder.directory, { files, sync: 'fsync' });
    expect(calls).toEqual(['folder']);
    writer.append(OPENED);
    writer.append(intended());
    expect(calls).toEqual(['folder', 'file', 'file']);
    const real2 = open(folder.directory, { sync: 'fsync', run: 'run-real' });
    expect(real2.writer.append(OPENED)).toBe(0);
  });

  it('goes on in another thread, in the same chain', async () => {
    using folder = scratch();
    const { writer, path, close, text } = open(folder.directory, { clock: createClock() });
    writer.append(OPENED);
    writer.close();
    const script = `
      const { workerData } = require('node:worker_threads');
      const at = (path) => import(new URL(path, workerData.root));
      Promise.all([at('host/audit/run-log.ts'), at('host/powers/audit-file.ts'), at('host/powers/clock.ts')]).then(
        ([{ resumeRunLog }, { createAuditFiles }, { createClock }]) => {
          const log = resumeRunLog(workerData.state, { files: createAuditFiles(), clock: createClock() });
          for (const entry of workerData.entries) log.append(entry);
        });`;
    const root = new URL('../../', import.meta.url).href;
    const entries = [intended(1), settled(1)];
    const worker = new Worker(script, { eval: true, workerData: { root, state: writer.state(), entries } });
    await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
    expect(close()).toMatchObject({ records: 4, unknown: [] });
    expect(verifyRunFile(Buffer.from(text()))).toMatchObject({ ok: true, run: RUN, warnings: [] });
    expect(path.endsWith(`${RUN}.jsonl`)).toBe(true);
  });
});

describe('the log of a run is refused', () => {
  it('where the run has one', () => {
    using folder = scratch();
    open(folder.directory);
    expect(thrownBy(() => open(folder.directory))).toEqual(denied);
  });

  it('where a link has its name', () => {
    using folder = scratch();
    const target = join(folder.directory, 'target');
    writeFileSync(target, '');
    symlinkSync(target, join(folder.directory, `${RUN}.jsonl`));
    expect(thrownBy(() => open(folder.directory))).toEqual(denied);
    expect(statSync(target).size).toBe(0);
  });

  it('where the folder is a file', () => {
    using folder = scratch();
    const directory = join(folder.directory, 'file');
    writeFileSync(directory, '');
    expect(thrownBy(() => open(directory))).toMatchObject({
      code: 'ERR_AUDIT_APPEND',
      exit: 2,
      message: expect.stringContaining('EEXIST') as string,
      hints: [expect.stringContaining('must be a folder')],
    });
  });

  it('where the folder cannot be written', (context) => {
    using folder = scratch();
    const directory = join(folder.directory, 'closed');
    mkdirSync(directory);
    chmodSync(directory, 0o500);
    // Root may write anywhere; an immutable or read-only folder stops it as well, `/proc` is one.
    const target = getuid?.() === 0 ? '/proc/sys' : directory;
    if (getuid?.() === 0 && process.platform !== 'linux') context.skip('running as root without a read-only folder');
    expect(thrownBy(() => open(target))).toEqual(denied);
  });

  it.each(['../x', 'a/b', '', '.hidden', 'a\0b', 'x'.repeat(200)])('where the run id %j is no file name', (run) => {
    using folder = scratch();
    expect(thrownBy(() => open(folder.directory, { run }))).toEqual(denied);
    expect(readdirSync(folder.directory).filter((name) => name.endsWith('.jsonl'))).toEqual([]);
  });

  it('where somebody else has written meanwhile', () => {
    using folder = scratch();
    const { writer, path } = open(folder.directory);
    writer.append(OPENED);
    const state = writer.state();
    writer.append(intended());
    expect(thrownBy(() => resumeRunLog(state, powers))).toMatchObject({
      message: expect.stringContaining('another writer') as string,
    });
    const moved: RunLogState = { ...writer.state(), path: `${path}.gone` };
    expect(thrownBy(() => resumeRunLog(moved, powers))).toEqual(denied);
  });

  it('where a pipe has been put in its place, without waiting for a reader', () => {
    using folder = scratch();
    const { writer } = open(folder.directory);
    const path = join(folder.directory, 'pipe');
    execFileSync('mkfifo', [path]);
    expect(thrownBy(() => resumeRunLog({ ...writer.state(), path }, powers))).toEqual(denied);
  });

  it('after `close`', () => {
    using folder = scratch();
    const { writer } = open(folder.directory);
    writer.close();
    expect(thrownBy(() => writer.append(OPENED))).toEqual(denied);
    writer.close();
  });

  it('after a record that could not be written, for good', () => {
    using folder = scratch();
    const { writer, lines } = open(folder.directory);
    writer.append(OPENED);
    const odd = { ...intended(), surprise: 1 } as AuditEntry;
    expect(thrownBy(() => writer.append(odd))).toMatchObject({
      message: expect.stringContaining('no field "surprise"') as string,
    });
    expect(thrownBy(() => writer.append(intended()))).toEqual(denied);
    expect(lines()).toHaveLength(1);
  });

  it('for a run without options that fit, before any file exists', () => {
    using folder = scratch();
    const failing = { ...createAuditFiles(), makeDirectory: () => { throw new Error('EROFS: read-only file system'); } }; // prettier-ignore
    const options = {
      directory: join(folder.directory, 'x'),
      run: RUN,
      log: 'local',
      sync: 'write',
      clock: powers.clock,
    } as const;
    expect(thrownBy(() => openRunLog({ ...options, files: failing }))).toEqual(denied);
    expect(readdirSync(folder.directory)).toEqual([]);
  });
});
