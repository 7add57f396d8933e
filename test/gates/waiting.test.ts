import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApprovalRequest, Approvals } from '../../host/contracts/approval.ts';
import type { FileService } from '../../host/contracts/file-service.ts';
import { createDbGate } from '../../host/gates/db/index.ts';
import { createFsGate } from '../../host/gates/fs/index.ts';
import { createSqliteEngine } from '../../host/powers/sqlite-engine.ts';
import { SERVED } from '../../host/configuration/settings.ts';
import { approve, createMemoryRun, type MemoryRun } from '../enforcement/in-memory.ts';
import { mountOf, realFiles } from './fs/fs-fixture.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sallyport-waiting-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A run whose every effect needs a person, who says yes after a turn. */
function asking(): { run: MemoryRun; questions: ApprovalRequest[] } {
  const questions: ApprovalRequest[] = [];
  const approvals: Approvals = {
    async ask(question) {
      await new Promise((resolve) => setImmediate(resolve));
      questions.push(question);
      return { status: 'granted', question: question.decision, by: ['user:ada'], scope: 'once' };
    },
  };
  return { run: createMemoryRun(() => approve(), { approvals }), questions };
}
type Call = (...values: unknown[]) => unknown;

it('the interfaces of sallyport whose calls may need a person wait; a line of the log is answered at once', () => {
  const waiting = Object.fromEntries(
    SERVED.filter(({ name }) => name.startsWith('sallyport:agent/')).map(({ name, functions }) => [
      name.slice('sallyport:agent/'.length),
      [...new Set(functions.map(({ waits }) => waits))],
    ]),
  );
  expect(waiting).toEqual({
    ...{ types: [], http: [true], fs: [true], db: [true], 'tool-exec': [true], policy: [true], log: [false] },
  });
});

describe('files', () => {
  const open = (run: MemoryRun) =>
    createFsGate({ pipeline: run.pipeline, config: { mounts: [mountOf('/w', folder)] }, files: realFiles(), callBytes: 1 << 20 }); // prettier-ignore

  it('are written once a person has said yes, with the bytes that he was shown', async () => {
    const { run, questions } = asking();
    const gate = open(run);
    const contents = new TextEncoder().encode('x'.repeat(100_000)); // large enough to be given back early
    const write = gate.imports.get('sallyport:agent/fs')?.['write'] as Call;
    const pending = write('/w/a.txt', contents);
    expect(existsSync(join(folder, 'a.txt'))).toBe(false);
    await pending;
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('x'.repeat(100_000));
    expect(questions).toMatchObject([{ accesses: [{ action: 'fs:write' }], payload: { cut: true } }]);
    await gate.close();
  });

  it('are opened for WASI once a person has said yes, who is told that nobody knows yet what is written', async () => {
    const { run, questions } = asking();
    writeFileSync(join(folder, 'a.txt'), 'old');
    const gate = open(run);
    const how = { read: false, write: true, create: true, exclusive: false, truncate: true, follow: true };
    const opening = gate.files.open('/w/a.txt', how);
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('old');
    expect(await opening).toMatchObject({ ok: true });
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('');
    expect(await gate.files.open('/w/a.txt', { ...how, read: true, write: false, create: false, truncate: false })).toMatchObject({ ok: true }); // prettier-ignore
    expect(questions.map(({ summary, payload }) => ({ summary, payload }))).toEqual([
      {
        summary: { how: ['write', 'create', 'truncate', 'follow'] },
        payload: { contents: 'not known yet: whatever is written while it is open' },
      },
      { summary: { how: ['read', 'follow'] }, payload: undefined },
    ]);
    await gate.close();
  });

  it.each([
    ['status', (files: FileService) => files.status('/w/a.txt', true)],
    ['list', (files: FileService) => files.list('/w')],
    ['makeDirectory', (files: FileService) => files.makeDirectory('/w/new')],
    ['removeFile', (files: FileService) => files.removeFile('/w/a.txt')],
    ['removeDirectory', (files: FileService) => files.removeDirectory('/w/empty')],
    ['rename', (files: FileService) => files.rename('/w/a.txt', '/w/b.txt')],
    ['setTimes', (files: FileService) => files.setTimes('/w/a.txt', true, 'now', 'now')],
  ] as const)('wait for WASI: %s', async (_, act) => {
    const { run, questions } = asking();
    writeFileSync(join(folder, 'a.txt'), 'old');
    mkdirSync(join(folder, 'empty'));
    const gate = open(run);
    const before = readdirSync(folder);
    const pending = act(gate.files);
    expect(pending).toBeInstanceOf(Promise);
    expect(readdirSync(folder)).toEqual(before);
    expect(await pending).toMatchObject({ ok: true });
    expect(questions).toHaveLength(1);
    await gate.close();
  });
});

it('a statement waits, and is bound to its parameters', async () => {
  const path = join(folder, 'main.sqlite');
  new DatabaseSync(path).exec('create table payments(amount integer)');
  const { run, questions } = asking();
  const target = { kind: 'sqlite', path, writable: true, recursive: false, maxBytes: 1 << 20, maxFileBytes: 1 << 20 } as const; // prettier-ignore
  const engine = createSqliteEngine({ started: () => undefined, ended: () => undefined });
  const settings = { target, statements: new Map<string, string>(), maxRows: 10, timeoutMs: 5000 };
  const gate = createDbGate({
    pipeline: run.pipeline,
    config: { databases: new Map([['main', settings]]) },
    engines: { sqlite: engine },
  });
  const execute = gate.imports.get('sallyport:agent/db')?.['execute'] as Call;
  for (const amount of [1n, 2n])
    await execute('main', 'insert into payments values (?)', [{ tag: 'integer', val: amount }]);
  const [one, two] = questions;
  expect(one?.payload).toMatchObject({ sql: 'insert into payments values (?)' });
  expect(JSON.stringify([one?.payload, two?.payload])).toMatch(/1.*2/);
  expect(one?.digest).not.toBe(two?.digest);
  await gate.close();
});
