import { describe, expect, it } from 'vitest';
import { errorOf, everything, int, plain, text } from './workbench.ts';
import { postgresWorld, SKIPPED } from './postgres-bench.ts';

describe.skipIf(SKIPPED !== undefined)(`statements of Postgres${SKIPPED === undefined ? '' : ` (${SKIPPED})`}`, () => {
  const world = postgresWorld();

  it('a query returns rows with exact values', async () => {
    const { db, faults } = world.bench({ allow: everything });
    const rows = await db.query('main', 'select id, name, email from customers where id >= $1 order by id', [int(2)]);
    expect(faults).toEqual([]);
    expect(rows.columns).toEqual(['id', 'name', 'email']);
    expect(plain(rows)).toEqual([
      [2n, 'Bob', 'bob@example.test'],
      [3n, 'Cyd', null],
    ]);
    expect(rows.truncated).toBe(false);
  });

  it('a change is counted, and committed', async () => {
    const { db } = world.bench({ allow: everything });
    expect(await db.execute('main', 'update orders set note = $1 where customer_id = 2', [text('x')])).toEqual({
      rows: 2n,
      lastRowId: undefined,
    });
    expect(await world.sql("select count(*)::int as n from orders where note = 'x'")).toEqual([{ n: 2 }]);
    await world.renew();
  });

  it('a change of a database that is only read is not made', async () => {
    const { db } = world.bench({ allow: everything, target: { writable: false } });
    expect(await errorOf(db.execute('main', 'delete from orders', []))).toEqual({ tag: 'read-only' });
  });
});
