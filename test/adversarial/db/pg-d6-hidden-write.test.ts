import { describe, expect, it } from 'vitest';
import { postgresWorld, SKIPPED } from '../../gates/db/postgres-bench.ts';
import { everything, int } from '../../gates/db/workbench.ts';
import { holdsBack } from './pg-hostile.ts';

describe.skipIf(SKIPPED !== undefined)(
  `D6 Postgres: a change that looks like a question is a change ${SKIPPED ?? ''}`,
  () => {
    const world = postgresWorld();
    holdsBack(
      world,
      [
        'with gone as (delete from orders returning id) select id from gone',
        'with a as (select 1), gone as (delete from orders returning id) select 1 from a',
        'with a as (with b as (delete from orders returning id) select id from b) select id from a',
        'select id from (with b as (delete from orders returning id) select id from b) s',
        'with x as (update orders set total = 0 returning id) select count(*) from x',
        "with x as (insert into audit values ('x') returning what) select what from x",
        'with x as (delete from orders) select 1',
        'delete from orders returning id',
        'update orders set total = 0 returning id',
        "insert into audit values ('x') returning what",
        'explain analyze delete from orders',
        'explain (analyze, verbose) update orders set total = 0',
        'explain analyze with x as (delete from orders returning id) select id from x',
        'explain delete from orders',
        'select id from orders for update',
        'select id from orders for no key update',
        'select id from orders for share',
        'select id from orders for key share skip locked',
        'select s.id from (select id from orders) s for update',
        'select id from orders where id in (select id from orders for update)',
        'with l as (select id from orders for update) select id from l',
        "select nextval('numbers')",
        "select nextval('public.numbers')",
        "select pg_catalog.nextval('numbers')",
        "select id, nextval('numbers') from orders",
        "select id from orders where id = nextval('numbers')",
        "select id from orders limit nextval('numbers')",
        'update order_totals set total = 0',
        'delete from order_totals',
        'insert into order_totals values (99, 1)',
        "insert into customers(id, name) values (1, 'x') on conflict (id) do update set name = 'y'",
      ],
      { allow: ({ action }) => action === 'db:select' },
    );

    it('a change may not do more than is allowed: what cascades is decided too', async () => {
      const mayDelete = world.bench({
        allow: ({ action, resource }) => action !== 'db:delete' || resource === 'db:main/public.customers',
      });
      const sql = 'delete from customers where id = $1';
      await expect(Promise.resolve().then(() => mayDelete.db.execute('main', sql, [int(1)]))).rejects.toMatchObject({
        payload: { tag: 'denied' },
      });
      expect(await world.sql('select count(*)::int as n from orders')).toEqual([{ n: 3 }]);
      const mayAll = world.bench({ allow: everything });
      expect((await mayAll.db.execute('main', sql, [int(1)])).rows).toBe(1n);
      expect(await world.sql('select count(*)::int as n from orders')).toEqual([{ n: 2 }]);
      await world.renew();
    });

    it('the server takes no change from a statement that only reads', async () => {
      // What a view calls is not decided: the session itself is read-only, and that is the fence.
      await world.sql(
        "create function public.scribble() returns int language sql security definer as $$ insert into audit values ('x') returning 1 $$; create view sneaky as select scribble() as n; grant select on sneaky to agent",
      );
      const { db } = world.bench({ allow: everything });
      await expect(Promise.resolve().then(() => db.query('main', 'select n from sneaky', []))).rejects.toMatchObject({
        payload: { tag: 'read-only' },
      });
      expect(await world.sql('select count(*)::int as n from audit')).toEqual([{ n: 0 }]);
      await world.renew();
    });
  },
);
