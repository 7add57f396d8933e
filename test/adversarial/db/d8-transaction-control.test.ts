import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { errorOf, everything, workbench } from '../../gates/db/workbench.ts';

/** Locks and transactions that outlive their call. */
describe('D8 transaction control, locks, open transactions: a guest', () => {
  it.each([
    'begin',
    'begin immediate',
    'commit',
    'end',
    'rollback',
    'savepoint a',
    'release a',
    'rollback to a',
    'explain commit',
  ])('cannot control transactions by SQL: %s', async (sql) => {
    const { db } = workbench({ allow: everything });
    expect(await errorOf(db.execute('main', sql, []))).toMatchObject({ tag: 'invalid-statement' });
    const transaction = await db.begin('main');
    expect(await errorOf(transaction.execute(sql, []))).toMatchObject({ tag: 'invalid-statement' });
  });

  it.each([
    ['a truncated query', 'query', 'select a.id from orders a, orders b'],
    ['a failed change', 'execute', 'insert into customers(id, name) values (1, 2)'],
    ['a change', 'execute', 'update orders set total = 1'],
    ['a change with rows', 'query', 'update orders set total = 1 returning id'],
  ] as const)('holds no lock after %s', async (_, mode, sql) => {
    const bench = workbench({ allow: everything, settings: { maxRows: 1 }, statements: { it: sql } });
    await bench.db[mode]('main', sql, []).catch(() => undefined);
    await (mode === 'query' ? bench.db.queryNamed : bench.db.executeNamed)('main', 'it', []).catch(() => undefined);
    const second = new DatabaseSync(bench.path, { timeout: 0 });
    second.exec('begin exclusive; commit');
    second.close();
  });

  it('that meets another writer is told, and succeeds later', async () => {
    const bench = workbench({ allow: everything, statements: { note: "insert into audit values ('x')" } });
    const other = new DatabaseSync(bench.path);
    other.exec('begin immediate');
    expect(await errorOf(bench.db.executeNamed('main', 'note', []))).toEqual({ tag: 'busy' });
    expect(await errorOf(bench.db.execute('main', "insert into audit values ('y')", []))).toEqual({ tag: 'busy' });
    other.exec('commit');
    other.close();
    await bench.db.executeNamed('main', 'note', []);
  });
});
