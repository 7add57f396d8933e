import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { closeRunLog, readRunLogState } from '../../host/audit/run-log-closing.ts';
import { readRunRecords } from '../../host/audit/run-record.ts';
import { verifyRunFile } from '../../host/audit/verify/run-file.ts';
import { createAuditFiles } from '../../host/powers/audit-file.ts';
import { ENDING, intended, open, OPENED, scratch, settled, steppingClock } from './run-fixture.ts';

const powers = { files: createAuditFiles(), clock: steppingClock() };
const verify = (path: string) => verifyRunFile(readFileSync(path));

describe('closing the log of a run', () => {
  it('writes how the run ended, in the same chain', () => {
    using folder = scratch();
    const run = open(folder.directory);
    run.writer.append(OPENED);
    run.writer.append(settled(run.writer.append(intended())));
    const closed = run.close({ status: 'agent-error' });
    const last = run.records().at(-1);
    expect(last).toMatchObject({ type: 'run.closed', detail: { status: 'agent-error', usage: ENDING.usage } });
    const decisions = { allow: 1, deny: 0, pending: 0 };
    expect(closed).toEqual({ records: 4, hash: last?.['hash'], unknown: [], decisions });
    expect(verify(run.path)).toMatchObject({ ok: true, records: 4, hash: closed.hash });
  });

  it('says of each intent without outcome that it is unknown, in order', () => {
    using folder = scratch();
    const run = open(folder.directory);
    run.writer.append(OPENED);
    const [first, second, third] = [1, 2, 3].map((number) => run.writer.append(intended(number)));
    run.writer.append(settled(second!));
    expect(run.close().unknown).toEqual([first, third]);
    expect(run.records().slice(-3)).toMatchObject([
      { type: 'effect.unknown', intent: first },
      { type: 'effect.unknown', intent: third },
      { type: 'run.closed' },
    ]);
    expect(verify(run.path).ok).toBe(true);
  });

  it('counts a denial that names its intent as its outcome', () => {
    using folder = scratch();
    const run = open(folder.directory);
    run.writer.append(OPENED);
    const intent = run.writer.append(intended());
    run.writer.append({
      ...intended(),
      type: 'effect.denied',
      intent,
      outcome: { status: 'error', code: 'address-forbidden' },
    });
    expect(run.close()).toMatchObject({ unknown: [], decisions: { allow: 0, deny: 1, pending: 0 } });
    expect(verify(run.path).ok).toBe(true);
  });

  it('names the limit that ended the run', () => {
    using folder = scratch();
    const run = open(folder.directory);
    run.writer.append(OPENED);
    run.close({ status: 'limit', limit: { name: 'cpuMs', message: 'the run used 30 s of CPU time' } });
    expect(run.records().slice(-2)).toMatchObject([
      { type: 'limit.hit', detail: { limit: 'cpuMs' } },
      { type: 'run.closed', detail: { status: 'limit' } },
    ]);
  });

  it('keeps a torn last line, wherever it was torn, and vouches for it', () => {
    using folder = scratch();
    for (let cut = 1; cut < 300; cut += 7) {
      const run = open(folder.directory, { run: `run-${cut}` });
      for (const entry of [OPENED, intended(), settled(1)]) run.writer.append(entry);
      const from = readFileSync(run.path).lastIndexOf('\n', -2) + 1;
      truncateSync(run.path, from + cut);
      const torn = readFileSync(run.path).subarray(from);
      const digest = `sha256:${createHash('sha256').update(torn).digest('hex')}`;
      expect(run.close()).toMatchObject({ recovered: { bytes: cut, digest }, unknown: [1] });
      expect(readFileSync(run.path).subarray(from, from + cut)).toEqual(torn);
      expect(verify(run.path)).toMatchObject({ ok: true, warnings: [expect.stringContaining('torn')] });
    }
  });

  it('only ends a last line that lacks nothing but its end', () => {
    using folder = scratch();
    const run = open(folder.directory);
    for (const entry of [OPENED, intended(), settled(1)]) run.writer.append(entry);
    truncateSync(run.path, readFileSync(run.path).length - 1);
    const closed = run.close();
    expect(closed).toMatchObject({ records: 4, unknown: [] });
    expect(closed.recovered).toBeUndefined();
    expect(verify(run.path).ok).toBe(true);
  });

  it('keeps several torn lines, as a disk leaves them that was full more than once', () => {
    using folder = scratch();
    const run = open(folder.directory);
    for (const entry of [OPENED, intended()]) run.writer.append(entry);
    appendFileSync(run.path, '{"hash":"0\n{"detail":{"by');
    expect(run.close()).toMatchObject({ recovered: { bytes: 25 }, unknown: [1] });
    expect(verify(run.path)).toMatchObject({ ok: true });
  });

  it('closes what a killed host left, from the file alone', () => {
    using folder = scratch();
    const run = open(folder.directory);
    for (const entry of [OPENED, intended()]) run.writer.append(entry);
    appendFileSync(run.path, '{"hash"');
    run.writer.close();
    const state = readRunLogState(run.path, powers);
    expect(state).toMatchObject({ run: run.writer.state().run, seq: 2, log: 'local' });
    closeRunLog(state, { ...ENDING, status: 'host-fault' }, powers);
    expect(verify(run.path)).toMatchObject({ ok: true, records: 5 });
    const types = [...readRunRecords(run.text())].map(({ record }) => record?.type);
    expect(types).toEqual([
      'run.opened',
      'effect.intended',
      undefined,
      'log.recovered',
      'effect.unknown',
      'run.closed',
    ]);
  });
});

describe('closing is refused', () => {
  it('for a run that was closed', () => {
    using folder = scratch();
    const run = open(folder.directory);
    run.writer.append(OPENED);
    run.close();
    expect(() => run.close()).toThrow('closed before');
  });

  it('for the file of another run', () => {
    using folder = scratch();
    const run = open(folder.directory);
    const other = open(folder.directory, { run: 'run-other' });
    for (const { writer } of [run, other]) writer.append(OPENED);
    const state = { ...run.writer.state(), path: other.path };
    expect(() => closeRunLog(state, ENDING, powers)).toThrow('of another run');
  });

  it('for damage in the middle, which no torn write can leave', () => {
    using folder = scratch();
    const run = open(folder.directory);
    for (const entry of [OPENED, intended(), settled(1)]) run.writer.append(entry);
    const [first, , third] = run.lines();
    for (const lines of [[first, '{"torn', third], [first, third], [third]]) {
      writeFileSync(run.path, lines.map((line) => `${line}\n`).join(''));
      expect(() => run.close()).toThrow(expect.objectContaining({ code: 'ERR_AUDIT_READ' }));
    }
  });

  it('for a last record whose hash does not hold', () => {
    using folder = scratch();
    const run = open(folder.directory);
    for (const entry of [OPENED, intended()]) run.writer.append(entry);
    writeFileSync(run.path, run.text().replace('issues/1', 'issues/2'));
    expect(() => run.close()).toThrow('damaged at line 2');
  });

  it('where there is no file, or none with a record', () => {
    using folder = scratch();
    const run = open(folder.directory);
    expect(() => readRunLogState(run.path, powers)).toThrow('has no record');
    expect(() => readRunLogState(`${run.path}.gone`, powers)).toThrow(
      expect.objectContaining({ code: 'ERR_AUDIT_READ' }),
    );
  });
});
