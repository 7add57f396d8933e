import { describe, expect, it } from 'vitest';
import type { Access } from '../../../host/contracts/request.ts';
import { postgresWorld, SKIPPED } from './postgres-bench.ts';
import { asked } from './workbench.ts';

const ORDERS = 'customer_id,id,note,total';

const CASES: readonly (readonly [string, string, readonly string[]])[] = [
  ['a plain select', 'select id, note from orders', ['db:select db:main/public.orders id,note']],
  ['every column for *', 'select * from customers', ['db:select db:main/public.customers email,id,name']],
  ['every column for alias.*', 'select c.* from customers c', ['db:select db:main/public.customers email,id,name']],
  [
    'every column for a row',
    'select row_to_json(c) from customers c',
    ['db:select db:main/public.customers email,id,name'],
  ],
  ['every column for TABLE', 'table customers', ['db:select db:main/public.customers email,id,name']],
  ['a column of WHERE', "select id from orders where note = 'x'", ['db:select db:main/public.orders id,note']],
  ['a column of ORDER BY', 'select id from orders order by total', ['db:select db:main/public.orders id,total']],
  [
    'a column of GROUP BY and HAVING',
    'select count(*) from orders group by note having max(total) > 1',
    ['db:select db:main/public.orders note,total'],
  ],
  [
    'a column of a window',
    'select rank() over (partition by note order by total) from orders',
    ['db:select db:main/public.orders note,total'],
  ],
  [
    'a column of a named window',
    'select rank() over w from orders window w as (order by total)',
    ['db:select db:main/public.orders total'],
  ],
  [
    'a column of FILTER',
    'select count(*) filter (where total > 1) from orders',
    ['db:select db:main/public.orders total'],
  ],
  ['a column of DISTINCT ON', 'select distinct on (note) id from orders', ['db:select db:main/public.orders id,note']],
  [
    'a column of LIMIT',
    'select id from orders limit (select max(id) from customers)',
    ['db:select db:main/public.orders id', 'db:select db:main/public.customers id'],
  ],
  ['rowid where only rows are counted', 'select count(*) from orders', ['db:select db:main/public.orders rowid']],
  ['rowid where no column is read', 'select 1 from orders', ['db:select db:main/public.orders rowid']],
  [
    'a name of the result as no column',
    'select total as n from orders order by n',
    ['db:select db:main/public.orders total'],
  ],
  ['a system column', 'select ctid from orders', ['db:select db:main/public.orders ctid']],
  [
    'both tables of a join',
    "select o.id from orders o join customers c on c.id = o.customer_id where c.email = 'x'",
    ['db:select db:main/public.orders customer_id,id', 'db:select db:main/public.customers email,id'],
  ],
  [
    'the columns of USING',
    'select 1 from customers join orders using (id)',
    ['db:select db:main/public.customers id', 'db:select db:main/public.orders id'],
  ],
  [
    'the columns of a natural join',
    'select 1 from customers natural join orders',
    ['db:select db:main/public.customers email,id,name', `db:select db:main/public.orders ${ORDERS}`],
  ],
  ['a subquery', 'select (select email from customers limit 1)', ['db:select db:main/public.customers email']],
  [
    'an EXISTS and what it looks at outside',
    'select o.id from orders o where exists (select 1 from customers c where c.id = o.customer_id and c.email is null)',
    ['db:select db:main/public.orders customer_id,id', 'db:select db:main/public.customers email,id'],
  ],
  [
    'a subquery that names a column from outside',
    'select id from customers where exists (select 1 from audit where what = email)',
    ['db:select db:main/public.customers email,id', 'db:select db:main/public.audit what'],
  ],
  [
    'a lateral subquery',
    'select s.total from customers c, lateral (select total from orders o where o.customer_id = c.id) s',
    ['db:select db:main/public.customers id', 'db:select db:main/public.orders customer_id,total'],
  ],
  [
    'a common table expression',
    'with big as (select id, customer_id from orders where total > 5) select customer_id from big',
    ['db:select db:main/public.orders customer_id,id,total'],
  ],
  [
    'a table behind an expression of its own name',
    'with orders as (select id from orders) select id from orders',
    ['db:select db:main/public.orders id'],
  ],
  [
    'both sides of a UNION',
    'select name from customers union select note from orders order by name',
    ['db:select db:main/public.customers name', 'db:select db:main/public.orders note'],
  ],
  [
    'a view and the table under it',
    'select total from order_totals',
    ['db:select db:main/public.order_totals total', 'db:select db:main/public.orders id,total'],
  ],
  [
    'a view over two tables',
    'select name from customer_names',
    [
      'db:select db:main/public.customer_names name',
      'db:select db:main/public.customers id,name',
      'db:select db:main/public.orders customer_id,total',
    ],
  ],
  ['a materialised view by its own name', 'select total from totals', ['db:select db:main/public.totals total']],
  [
    'a schema that is served and named',
    'select public.orders.id from public.orders',
    ['db:select db:main/public.orders id'],
  ],
  [
    'all columns for an insert, and those of RETURNING',
    "insert into customers(id, name) values (9, 'x') returning email",
    ['db:insert db:main/public.customers email,id,name', 'db:select db:main/public.customers email'],
  ],
  [
    'the table of a foreign key',
    'insert into orders(id) values (9)',
    [`db:insert db:main/public.orders ${ORDERS}`, 'db:select db:main/public.customers id'],
  ],
  [
    'insert and update for an upsert',
    "insert into customers(id, name) values (1, 'x') on conflict (id) do update set name = excluded.name where customers.email is null",
    [
      'db:insert db:main/public.customers email,id,name',
      'db:update db:main/public.customers name',
      'db:select db:main/public.customers email,id',
    ],
  ],
  [
    'what an insert selects',
    'insert into audit select email from customers',
    ['db:insert db:main/public.audit what', 'db:select db:main/public.customers email'],
  ],
  [
    'the columns that an update sets and reads',
    'update orders set note = note || total where id = 1',
    ['db:update db:main/public.orders note', 'db:select db:main/public.orders id,note,total'],
  ],
  [
    'the tables of an update from another',
    'update orders set note = c.email from customers c where c.id = customer_id',
    [
      'db:update db:main/public.orders note',
      'db:select db:main/public.customers email,id',
      'db:select db:main/public.orders customer_id',
    ],
  ],
  [
    'what a cascade does',
    'delete from customers where id = 1',
    [
      'db:delete db:main/public.customers email,id,name',
      `db:delete db:main/public.orders ${ORDERS}`,
      'db:select db:main/public.customers id',
      'db:select db:main/public.orders customer_id',
    ],
  ],
  [
    'a change behind a common table expression',
    'with gone as (delete from audit returning what) select what from gone',
    ['db:delete db:main/public.audit what', 'db:select db:main/public.audit what'],
  ],
  [
    'a lock as a change',
    'select id from orders for update',
    ['db:update db:main/public.orders rowid', 'db:select db:main/public.orders id'],
  ],
  ['a sequence that moves', "select nextval('numbers')", ['db:update db:main/public.numbers rowid']],
  [
    'a change through a view',
    'update order_totals set total = 1 where id = 10',
    [
      'db:update db:main/public.order_totals total',
      `db:update db:main/public.orders ${ORDERS}`,
      'db:select db:main/public.order_totals id',
      'db:select db:main/public.orders id,total',
      'db:select db:main/public.customers id',
    ],
  ],
  ['no table as -', 'select 1', ['db:select db:main/-']],
  ['no table for a function', 'select g from generate_series(1, 3) g', ['db:select db:main/-']],
  ['its statement for EXPLAIN', 'explain select note from orders', ['db:select db:main/public.orders note']],
  ['its statement for EXPLAIN ANALYZE', 'explain (analyze) delete from audit', ['db:delete db:main/public.audit what']],
  [
    'the catalogue for an unknown table',
    'select 1 from nothing',
    ['db:select db:main/information_schema.columns column_name'],
  ],
  [
    'the catalogue for an unknown column',
    'select nothing from orders',
    ['db:select db:main/information_schema.columns column_name'],
  ],
];

describe.skipIf(SKIPPED !== undefined)(`for a statement of Postgres the policy is asked about ${SKIPPED ?? ''}`, () => {
  const world = postgresWorld();

  async function factsOf(sql: string): Promise<string[]> {
    const seen: Access[] = [];
    const bench = world.bench({ allow: (access) => (seen.push(access), true), target: { writable: false } });
    const reads = /^\s*(select|table|with|explain)/.test(sql);
    await (reads ? bench.db.query : bench.db.execute)('main', sql, []).catch(() => undefined);
    expect(bench.faults).toEqual([]);
    return asked(seen);
  }

  for (const [what, sql, expected] of CASES) {
    it(what, async () => {
      expect((await factsOf(sql)).toSorted()).toEqual([...expected].sort());
    });
  }
});
