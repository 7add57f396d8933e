import { describe, expect, it } from 'vitest';
import type { Access } from '../../../host/contracts/request.ts';
import { asked, workbench, type Workbench } from './workbench.ts';

/** What the policy is asked for a statement. It denies everything, so nothing is performed. */
async function factsOf(sql: string, options: { recursive?: boolean; schema?: string } = {}): Promise<string[]> {
  const seen: Access[] = [];
  const bench: Workbench = workbench({ ...options, allow: (access) => (seen.push(access), true) });
  const call = /^\s*(select|with [a-z]+ as \(select [^)]*\) select|pragma|explain)/.test(sql)
    ? bench.db.query
    : bench.db.execute;
  await call('main', sql, []).catch(() => undefined);
  expect(bench.faults).toEqual([]);
  return asked(seen);
}

const CASES: readonly (readonly [string, string, readonly string[]])[] = [
  ['a plain select', 'select id, note from orders', ['db:select db:main/orders id,note']],
  ['every column for *', 'select * from customers', ['db:select db:main/customers email,id,name']],
  ['a column of WHERE', 'select id from orders where note = 1', ['db:select db:main/orders id,note']],
  ['a column of ORDER BY', 'select id from orders order by total', ['db:select db:main/orders id,total']],
  ['rowid where only rows are counted', 'select count(*) from orders', ['db:select db:main/orders rowid']],
  ['rowid where no column is read', 'select 1 from orders', ['db:select db:main/orders rowid']],
  [
    'both tables of a join',
    'select o.id from orders o join customers c on c.id = o.customer_id where c.email = 1',
    ['db:select db:main/orders customer_id,id', 'db:select db:main/customers email,id'],
  ],
  ['a subquery', 'select (select email from customers limit 1)', ['db:select db:main/customers email']],
  [
    'a view and the table under it',
    'select total from order_totals',
    ['db:select db:main/orders id,total', 'db:select db:main/order_totals total'],
  ],
  [
    'the columns of RETURNING',
    'insert into customers(name) values (1) returning email',
    [
      'db:insert db:main/customers email,id,name',
      'db:select db:main/orders customer_id',
      'db:select db:main/customers email',
    ],
  ],
  [
    'insert and update for an upsert',
    "insert into customers(id, name) values (1, 'x') on conflict(id) do update set name = excluded.name",
    ['db:insert db:main/customers email,id,name', 'db:update db:main/customers name', 'db:select db:main/customers id'],
  ],
  [
    'what a trigger does',
    'update orders set note = 1',
    ['db:update db:main/orders note', 'db:insert db:main/audit what', 'db:select db:main/orders note'],
  ],
  [
    'what a cascade does',
    'delete from customers where id = 1',
    [
      'db:delete db:main/customers email,id,name',
      'db:delete db:main/orders customer_id,id,note,total',
      'db:select db:main/customers id',
      'db:select db:main/orders customer_id',
    ],
  ],
  [
    'a change behind a common table expression',
    'with gone as (select 10 as id) delete from orders where id in (select id from gone)',
    [
      'db:delete db:main/orders customer_id,id,note,total',
      'db:select db:main/orders id',
      'db:select db:main/customers id',
    ],
  ],
  [
    'the primary key behind rowid',
    'update customers set rowid = 9 where id = 1',
    ['db:update db:main/customers id,rowid', 'db:select db:main/customers id', 'db:select db:main/orders customer_id'],
  ],
  ['the schema as a table', 'select sql from sqlite_master', ['db:select db:main/sqlite_schema sql']],
  ['the schema behind a pragma', 'pragma table_info(orders)', ['db:select db:main/sqlite_schema sql']],
  ['no table as -', 'select 1', ['db:select db:main/-']],
  ['its statement for EXPLAIN', 'explain select note from orders', ['db:select db:main/orders note']],
  ['a new table', 'create table n(a)', ['db:schema db:main/n']],
  [
    'a new table and what fills it',
    'create table n as select email from customers',
    ['db:schema db:main/n', 'db:select db:main/customers email'],
  ],
  [
    'the table of a new index',
    'create index i on orders(total)',
    ['db:schema db:main/orders', 'db:select db:main/orders total'],
  ],
  [
    'the table of a new trigger',
    'create trigger t after insert on audit begin select 1; end',
    ['db:schema db:main/audit'],
  ],
  ['the rows that go with a table', 'drop table audit', ['db:schema db:main/audit', 'db:delete db:main/audit what']],
  ['an altered table', 'alter table orders add column extra', ['db:schema db:main/orders']],
  ['a dropped column', 'alter table orders drop column note', ['db:schema db:main/orders']],
];

describe('the policy is asked about', () => {
  for (const [what, sql, expected] of CASES) {
    it(what, async () => {
      expect(await factsOf(sql)).toEqual(expected);
    });
  }
});

describe('replacing rows', () => {
  const replacing = 'create table k(a unique on conflict replace); create table l(a unique)';
  it('counts as deleting them, however it is written', async () => {
    const columns = 'email,id,name';
    for (const sql of [
      "insert or replace into customers values (1, 'x', '')",
      "REPLACE/**/into customers values (1, 'x', '')",
    ]) {
      expect(await factsOf(sql)).toContain(`db:delete db:main/customers ${columns}`);
    }
    expect(await factsOf("update or replace customers set name = 'x'")).toContain(
      `db:delete db:main/customers ${columns}`,
    );
  });
  it('counts as deleting them where the table itself says so', async () => {
    expect(await factsOf('insert into k values (1)', { schema: replacing })).toContain('db:delete db:main/k a');
  });
  it('is not seen in the function of that name', async () => {
    expect(await factsOf("update l set a = replace(a, 'x', 'y')", { schema: replacing })).toEqual([
      'db:update db:main/l a',
      'db:select db:main/l a',
    ]);
  });
});

describe('a resource is one segment', () => {
  const odd = 'create table "A/b*" (X); create table "-" (a); create table "É" (a); create table "é" (a)';
  it('whatever the table is called', async () => {
    expect(await factsOf('select x from "a/B*"', { schema: odd })).toEqual(['db:select db:main/a%2Fb%2A x']);
    expect(await factsOf('select a from "-"', { schema: odd })).toEqual(['db:select db:main/%2D a']);
  });
  it('and two tables never share one', async () => {
    expect(await factsOf('select a from "É"', { schema: odd })).not.toEqual(
      await factsOf('select a from "é"', { schema: odd }),
    );
  });
});
