import { describe, expect, it } from 'vitest';
import { postgresWorld, SKIPPED } from '../../gates/db/postgres-bench.ts';
import { errorOf, everything, plain } from '../../gates/db/workbench.ts';
import { holdsBack } from './pg-hostile.ts';

describe.skipIf(SKIPPED !== undefined)(`D8 Postgres: the gate owns transactions and settings ${SKIPPED ?? ''}`, () => {
  const world = postgresWorld();
  const sessions = async (): Promise<unknown> =>
    (await world.sql("select count(*)::int as n from pg_stat_activity where usename = 'agent'"))[0]?.['n'];

  holdsBack(
    world,
    [
      'begin',
      'start transaction',
      'start transaction read write',
      'commit',
      'end',
      'commit and chain',
      'rollback',
      'abort',
      'savepoint a',
      'savepoint statement',
      'release savepoint statement',
      'rollback to savepoint statement',
      "prepare transaction 'x'",
      "commit prepared 'x'",
      'set transaction read write',
      'set transaction isolation level serializable',
      'set session characteristics as transaction read write',
      'set default_transaction_read_only = off',
      'set constraints all deferred',
      'lock table orders in access exclusive mode',
      'discard plans',
      'deallocate s1',
      'execute s1',
    ],
    { allow: everything },
  );

  it('a transaction that is left open is undone with the run, and holds nobody back', async () => {
    const { db, gate } = world.bench({ allow: everything });
    const transaction = await db.begin('main');
    await transaction.execute('update orders set total = 0', []);
    await gate.close();
    await world.sql("set lock_timeout = '2s'; update orders set note = note; reset lock_timeout");
    expect(await world.sql('select count(*)::int as n from orders where total = 0')).toEqual([{ n: 0 }]);
    for (let turn = 0; turn < 50 && (await sessions()) !== 0; turn += 1)
      await new Promise((done) => setTimeout(done, 20));
    expect(await sessions()).toBe(0);
  });

  it('a statement that fails is undone, and the transaction goes on', async () => {
    const { db } = world.bench({ allow: everything });
    const transaction = await db.begin('main');
    await transaction.execute("insert into audit values ('kept')", []);
    expect(
      await errorOf(Promise.resolve(transaction.execute("insert into customers(id, name) values (1, 'x')", []))),
    ).toEqual({ tag: 'constraint-violation' });
    expect(plain(await transaction.query('select what from audit', []))).toEqual([['kept']]);
    expect(plain(await db.query('main', 'select what from audit', []))).toEqual([]);
    await transaction.commit();
    expect(await world.sql('select what from audit')).toEqual([{ what: 'kept' }]);
    await world.renew();
  });

  it('a second transaction begins as if there had been none before', async () => {
    const { db } = world.bench({ allow: everything });
    for (const word of ['one', 'two']) {
      const transaction = await db.begin('main');
      await transaction.execute(`insert into audit values ('${word}')`, []);
      await (word === 'one' ? transaction.rollback() : transaction.commit());
    }
    expect(await world.sql('select what from audit')).toEqual([{ what: 'two' }]);
    await world.renew();
  });

  it('who waits for another writer is told so, in time', async () => {
    const holder = world.bench({ allow: everything });
    const transaction = await holder.db.begin('main');
    await transaction.execute('update orders set total = 1 where id = 10', []);
    const { db } = world.bench({ allow: everything, target: { timeoutMs: 500 } });
    expect(['busy', 'timed-out']).toContain(
      (await errorOf(Promise.resolve(db.execute('main', 'update orders set total = 2 where id = 10', [])))).tag,
    );
    await transaction.rollback();
  });

  it('a session that the server ends is a transaction that is over', async () => {
    const { db } = world.bench({ allow: everything });
    const transaction = await db.begin('main');
    await transaction.execute("insert into audit values ('x')", []);
    await world.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'agent'");
    await new Promise((done) => setTimeout(done, 100));
    expect((await errorOf(Promise.resolve().then(() => transaction.query('select 1', [])))).tag).toBe(
      'transaction-over',
    );
    expect(plain(await db.query('main', 'select count(*) from audit', []))).toEqual([[0n]]);
  });
});
