import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBudgetStore, isFull, type BudgetStore } from '../../host/budget/budget-store.ts';
import { createCounterNames } from '../../host/budget/counter.ts';
import { openCounterFile } from '../../host/powers/counter-file.ts';
import { createMachineClock, createOwners } from '../../host/powers/machine.ts';
import type { Burst } from './burst-child.ts';

const CHILD = new URL('./burst-child.ts', import.meta.url);

let directory: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-budgets-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

const open = (): BudgetStore =>
  createBudgetStore({ file: openCounterFile(directory), clock: createMachineClock(), owners: createOwners() });
/** The counter that the children use. */
function keyOf(limit: number, kind: 'rate' | 'concurrency' = 'rate'): string {
  const term = {
    kind,
    rule: 'p-1',
    limit,
    scope: 'agent',
    ...(kind === 'rate' ? { periodMs: 86_400_000 } : {}),
  } as const;
  const principal = { agent: 'agent:a', roles: [], component: 'sha256:00' };
  return createCounterNames()(term, { terms: [term], principal, action: '', resource: '' })?.key ?? '';
}
const calls = (limit: number, key = 'k') => ({
  counter: { kind: 'window', key, limit, periodMs: 86_400_000 } as const,
  need: 1,
  ahead: true,
});
const places = (limit: number) => ({ counter: { kind: 'slots', key: 's', limit } as const });

function startProcess(burst: Omit<Burst, 'directory'>): { child: ChildProcess; admitted: Promise<number> } {
  const child = spawn(process.execPath, [CHILD.pathname, JSON.stringify({ ...burst, directory })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const failed = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`the child ended with ${String(code)}`)),
  );
  const admitted = Promise.race([once(child.stdout, 'data').then(([text]) => Number(String(text))), failed]);
  failed.catch(() => undefined); // it may end once it has said its number
  return { child, admitted };
}
async function startThread(burst: Omit<Burst, 'directory'>): Promise<number> {
  const worker = new Worker(CHILD, { workerData: { ...burst, directory } });
  const exited = once(worker, 'exit');
  const [admitted] = (await once(worker, 'message')) as [number]; // the child posts its count
  await exited;
  return admitted;
}

describe('the file of the counters', () => {
  it.each([
    [40, 60],
    [3_000, 1_500],
  ])('admits exactly %i calls of threads and processes that all ask at once', async (limit, asks) => {
    const burst = { asks, limit, kind: 'rate' } as const;
    const threads = [1, 2, 3].map(async () => startThread(burst));
    const processes = [1, 2].map(() => startProcess(burst).admitted);
    const admitted = await Promise.all([...threads, ...processes]);
    const sum = admitted.reduce((all, one) => all + one, 0);
    expect(sum).toBeLessThanOrEqual(limit);
    // What some of them had taken ahead and gave back at their end was there for nobody any more.
    const store = open();
    let left = 0;
    while (!isFull(store.take([{ ...calls(limit, keyOf(limit)), ahead: false }], 'r'))) left += 1;
    store.close();
    expect(sum + left).toBe(limit);
  });

  it('remembers over the end of every process what was taken', () => {
    const first = open();
    first.take([calls(2)], 'r');
    first.take([calls(2)], 'r');
    first.close();
    const second = open();
    const full = second.take([calls(2)], 'r');
    second.close();
    expect(full).toMatchObject({ full: 0 });
    if (!isFull(full)) return;
    expect(full.retryAfterMs).toBeGreaterThan(86_390_000);
    expect(full.retryAfterMs).toBeLessThanOrEqual(86_400_000);
  });

  it('keeps a place of a process that lives, and takes it from one that was killed', async () => {
    const { child, admitted } = startProcess({ asks: 5, limit: 2, kind: 'concurrency', stay: true });
    expect(await admitted).toBe(2);
    const key = keyOf(2, 'concurrency');
    const store = open();
    const claim = { counter: { kind: 'slots', key, limit: 2 } as const };
    expect(isFull(store.take([claim], 'r'))).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isFull(store.take([claim], 'r'))).toBe(false);
    expect(isFull(store.take([claim], 'r'))).toBe(false);
    expect(isFull(store.take([claim], 'r'))).toBe(true);
    store.close();
  });

  it('keeps what a process that was killed had reserved', async () => {
    const { child, admitted } = startProcess({ asks: 3, limit: 5, kind: 'rate', stay: true });
    expect(await admitted).toBe(3);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = open();
    const room = [1, 2, 3].map(() => isFull(store.take([{ ...calls(5, keyOf(5)), ahead: false }], 'r')));
    store.close();
    expect(room).toEqual([false, false, true]);
  });

  it('is readable by nobody else', () => {
    open().close();
    expect(statSync(join(directory, 'budgets.sqlite')).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['text', Buffer.from('this is no database, and long enough to be told from one that is empty'.repeat(20))],
    ['a database of others', undefined],
  ])('that is %s is refused, and left as it is', (_, bytes) => {
    const path = join(directory, 'budgets.sqlite');
    if (bytes === undefined) {
      const other = new DatabaseSync(path);
      other.exec('CREATE TABLE notes (text); PRAGMA user_version = 9');
      other.close();
    } else writeFileSync(path, bytes);
    expect(open).toThrow();
    expect(existsSync(path)).toBe(true);
  });

  it.each(['{', '[[1]]', '[[1,-5]]', '[["a",1]]', '[[1,1e300]]', 'null', '{"a":1}'])(
    'with a counter of `%s` gives no room',
    (entries) => {
      open().close();
      const database = new DatabaseSync(join(directory, 'budgets.sqlite'));
      database.prepare('INSERT INTO windows VALUES (?, ?, ?)').run('k', entries, 9e15);
      database.close();
      const store = open();
      expect(() => store.take([calls(5)], 'r')).toThrow();
      store.close();
    },
  );

  it.each([
    '{',
    '{}',
    '{"budgetMs":1e999,"wallMs":1,"boots":[]}',
    '{"budgetMs":1,"wallMs":1,"boots":[{}]}',
    '[]',
    'null',
  ])('with a time of `%s` gives no room', (time) => {
    open().close();
    const database = new DatabaseSync(join(directory, 'budgets.sqlite'));
    database.prepare('INSERT INTO time VALUES (1, ?)').run(time);
    database.close();
    const store = open();
    expect(() => store.take([calls(5)], 'r')).toThrow();
    store.close();
  });

  it('that somebody else holds locked gives no room, and is waited for no longer than said', () => {
    open().close();
    const other = new DatabaseSync(join(directory, 'budgets.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    const store = open();
    expect(() => store.take([places(5)], 'r')).toThrow('locked');
    other.exec('COMMIT');
    expect(isFull(store.take([places(5)], 'r'))).toBe(false);
    other.close();
    store.close();
  });

  it.each(['removed', 'exchanged'])('that is %s while it is used gives no room', (how) => {
    const store = open();
    const path = join(directory, 'budgets.sqlite');
    expect(isFull(store.take([calls(5)], 'r'))).toBe(false);
    if (how === 'exchanged') renameSync(path, `${path}.old`);
    else rmSync(path);
    if (how === 'exchanged') open().close();
    expect(() => store.take([calls(5)], 'r')).toThrow('were removed or exchanged while they were used');
    expect(() => store.correct([], [1])).toThrow('were removed or exchanged');
    store.close();
  });

  it('whose writes fail for a while gives no room, and keeps what was counted', () => {
    const store = open();
    expect(isFull(store.take([calls(2)], 'r'))).toBe(false);
    const other = new DatabaseSync(join(directory, 'budgets.sqlite'));
    other.exec("CREATE TRIGGER full BEFORE INSERT ON windows BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
    expect(() => store.take([calls(2)], 'r')).toThrow('disk is full');
    other.exec('DROP TRIGGER full');
    other.close();
    expect([isFull(store.take([calls(2)], 'r')), isFull(store.take([calls(2)], 'r'))]).toEqual([false, true]);
    store.close();
  });

  it('that cannot be made gives no room', () => {
    const file = join(directory, 'a-file');
    writeFileSync(file, '');
    expect(() => openCounterFile(join(file, 'state'))).toThrow();
  });

  it('in a directory that cannot be made gives no room', () => {
    writeFileSync(join(directory, 'taken'), '');
    expect(() => openCounterFile(join(directory, 'taken', 'state'))).toThrow();
  });

  it('that is read-only gives no room', () => {
    open().close();
    const store = open();
    const database = new DatabaseSync(join(directory, 'budgets.sqlite'));
    database.exec("CREATE TRIGGER no BEFORE INSERT ON windows BEGIN SELECT RAISE(ABORT, 'read-only'); END");
    database.close();
    expect(() => store.take([calls(5)], 'r')).toThrow('read-only');
    store.close();
  });

  it('stays small, however many resources are counted', () => {
    const file = openCounterFile(directory);
    let realMs = 0;
    const clock = { now: () => ({ boot: 'b', monotonicMs: realMs, uptimeMs: realMs, wallMs: realMs }) };
    const store = createBudgetStore({ file, clock, owners: createOwners() });
    for (let index = 0; index < 20_000; index += 1) {
      realMs += 10;
      store.take(
        [{ counter: { kind: 'window', key: `resource-${index}`, limit: 3, periodMs: 1_000 }, need: 1, ahead: true }],
        'r',
      );
    }
    store.close();
    expect(statSync(join(directory, 'budgets.sqlite')).size).toBeLessThan(200_000);
  });
});
