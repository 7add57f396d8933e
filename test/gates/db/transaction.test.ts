import { describe, expect, it } from 'vitest';
import { errorOf, everything, plain, workbench, type Workbench } from './workbench.ts';

const INSERT = "insert into audit values ('x')";
const audited = (bench: Workbench): number =>
  bench.direct((database) => database.prepare('select * from audit').all().length);

describe('a transaction', () => {
  it('shows its changes to itself only until it commits', async () => {
    const bench = workbench({ allow: everything });
    const transaction = await bench.db.begin('main');
    await transaction.execute(INSERT, []);
    expect(plain(await transaction.query('select count(*) from audit', []))).toEqual([[1n]]);
    expect(plain(await bench.db.query('main', 'select count(*) from audit', []))).toEqual([[0n]]);
    await transaction.commit();
    expect(audited(bench)).toBe(1);
    expect(await errorOf(transaction.execute(INSERT, []))).toEqual({ tag: 'transaction-over' });
    expect(await errorOf(transaction.commit())).toEqual({ tag: 'transaction-over' });
  });

  it('runs declared statements as well', async () => {
    const bench = workbench({ allow: everything, statements: { note: INSERT, count: 'select count(*) from audit' } });
    const transaction = await bench.db.begin('main');
    await transaction.executeNamed('note', []);
    expect(plain(await transaction.queryNamed('count', []))).toEqual([[1n]]);
    await transaction.rollback();
    expect(audited(bench)).toBe(0);
  });

  it('is rolled back when it is dropped, and when the run ends', async () => {
    const bench = workbench({ allow: everything });
    const dropped = await bench.db.begin('main');
    await dropped.execute(INSERT, []);
    dropped[Symbol.dispose]();
    const left = await bench.db.begin('main');
    await left.execute(INSERT, []);
    await bench.gate.close();
    expect(audited(bench)).toBe(0);
    expect(bench.faults).toEqual([]);
  });

  it('has no effect before its first statement: no process and no record', async () => {
    const bench = workbench();
    await bench.db.begin('main');
    expect([bench.processes.size, bench.records.length]).toEqual([0, 0]);
  });

  it('is decided statement by statement, and once more as a whole when it commits', async () => {
    let open = true;
    const bench = workbench({ allow: (access) => open || access.action === 'db:select' });
    const transaction = await bench.db.begin('main');
    await transaction.execute(INSERT, []);
    open = false;
    expect(await errorOf(transaction.execute(INSERT, []))).toMatchObject({ tag: 'denied' });
    expect(await errorOf(transaction.commit())).toMatchObject({ tag: 'denied', val: { reason: 'no-rule' } });
    expect(bench.records.at(-1)).toMatchObject({
      action: 'db:insert',
      resource: 'db:main/audit',
      request: { commit: 1 },
    });
    await bench.gate.close();
    expect(audited(bench)).toBe(0);
  });

  it('that only read needs no decision to end', async () => {
    const bench = workbench({ allow: everything });
    const transaction = await bench.db.begin('main');
    await transaction.query('select id from orders', []);
    const before = bench.records.length;
    await transaction.commit();
    expect(bench.records.length).toBe(before);
  });

  it('is the only open one of its database', async () => {
    const { db } = workbench({ allow: everything });
    const first = await db.begin('main');
    expect(await errorOf(db.begin('main'))).toEqual({ tag: 'busy' });
    await db.begin('other');
    await first.rollback();
    await db.begin('main');
    expect(await errorOf(db.begin('nowhere'))).toEqual({ tag: 'unknown-database' });
  });

  it('that SQLite itself has ended does not silently begin anew', async () => {
    const bench = workbench({ allow: everything });
    const transaction = await bench.db.begin('main');
    await transaction.execute(INSERT, []);
    const failing = "insert or rollback into customers(id, name) values (1, 'x')";
    expect(await errorOf(transaction.execute(failing, []))).toEqual({ tag: 'constraint-violation' });
    expect(await errorOf(transaction.execute(INSERT, []))).toEqual({ tag: 'transaction-over' });
    expect(audited(bench)).toBe(0);
  });
});
