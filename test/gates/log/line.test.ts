import { describe, expect, it } from 'vitest';
import type { LogLevel } from '../../../host/contracts/log-sink.ts';
import { createLogGate } from '../../../host/gates/log/index.ts';
import { allow, createMemoryRun } from '../../enforcement/in-memory.ts';

function createLog({ maxLineBytes = 100, logBytes = 1000 } = {}) {
  const run = createMemoryRun(() => allow());
  const lines: [LogLevel, string][] = [];
  const gate = createLogGate({
    pipeline: run.pipeline,
    config: { maxLineBytes },
    limits: { logBytes },
    sink: { line: (level, text) => lines.push([level, text]) },
  });
  const now = gate.imports.get('sallyport:agent/log')!['write'] as unknown as (
    level: string,
    text: string,
  ) => undefined;
  const write = async (level: string, text: string): Promise<undefined> => Promise.try(() => now(level, text));
  return { run, lines, write };
}

const TOO_LARGE = { payload: { tag: 'too-large' } };
const ENOUGH = expect.objectContaining({
  end: expect.objectContaining({ kind: 'limit', limit: 'logBytes' }) as object,
}) as object;

describe('a log line', () => {
  it('reaches the operator with its level', async () => {
    const { write, lines } = createLog();
    await write('warn', 'disk is nearly full');
    expect(lines).toEqual([['warn', 'disk is nearly full']]);
  });

  it('has no control, C1 or bidirectional character, and no second line (CWE-117)', async () => {
    const { write, lines } = createLog();
    await write('info', 'a\nb\r\tc\u001b[31m\u009b\u202e\u2066\u200b\u2028');
    expect(lines).toEqual([['info', 'a\\u{a}b\\u{d}\\u{9}c\\u{1b}[31m\\u{9b}\\u{202e}\\u{2066}\\u{200b}\\u{2028}']]);
  });

  it('is decided on its level', async () => {
    const { write, run } = createLog();
    await write('error', 'x');
    expect(run.asked[0]?.accesses).toMatchObject([{ action: 'log:write', resource: 'log:error' }]);
  });

  it('enters the record as length and digest only', async () => {
    const { write, run } = createLog();
    await write('info', 'the password is hunter2');
    const sha256 = '3df137cbc3e417afb31c7c69d3c480f4b6c7937c3f892a927a8ce784f8080fdb';
    expect(run.records[0]?.request).toMatchObject({ level: 'info', bytes: 23, sha256 });
    expect(run.records[0]?.request?.['digest']).not.toBe(sha256);
    expect(JSON.stringify(run.records)).not.toContain('hunter2');
  });

  it('may be as long as the limit in bytes, and no longer', async () => {
    const { write, lines, run } = createLog({ maxLineBytes: 8 });
    await write('info', '€€ab');
    await expect(write('info', '€€abc')).rejects.toEqual(TOO_LARGE);
    expect(lines).toHaveLength(1);
    expect(run.records.at(-1)).toMatchObject({ type: 'effect.denied', decision: { reason: 'invalid-request' } });
  });

  it('of a run that has written enough is not written, and the run ends', async () => {
    const { write, lines, run } = createLog({ logBytes: 10 });
    await write('info', '12345');
    await write('info', '12345');
    await expect(write('info', 'x')).rejects.toEqual(ENOUGH);
    expect(lines).toHaveLength(2);
    expect(run.records.at(-1)).toMatchObject({
      type: 'effect.settled',
      outcome: { status: 'error', code: 'too-large' },
    });
  });

  it('counts what is written, not what was sent', async () => {
    const { write } = createLog({ logBytes: 10 });
    await expect(write('info', '\u202e\u202e')).rejects.toEqual(ENOUGH);
  });

  it('of no known level is refused', async () => {
    const { write, lines } = createLog();
    await expect(write('shout', 'x')).rejects.toEqual(TOO_LARGE);
    expect(lines).toEqual([]);
  });

  it('that the operator cannot be given is a fault, not a success', async () => {
    const run = createMemoryRun(() => allow());
    const gate = createLogGate({
      pipeline: run.pipeline,
      config: { maxLineBytes: 10 },
      limits: { logBytes: 10 },
      sink: {
        line: () => {
          throw new Error('EPIPE');
        },
      },
    });
    const write = gate.imports.get('sallyport:agent/log')!['write'] as unknown as (
      level: string,
      text: string,
    ) => Promise<void>;
    await expect(Promise.try(() => write('info', 'x'))).rejects.toEqual({ payload: { tag: 'internal' } });
    expect(run.faults).toHaveLength(1);
  });
});
