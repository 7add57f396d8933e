import { describe, expect, it } from 'vitest';
import type { Access } from '../../../host/contracts/request.ts';
import { errorOf, workbench } from '../../gates/db/workbench.ts';

/** The column `customers.email` may not be read or written; everything else may. */
const withoutEmail = ({ resource, attributes }: Access): boolean => {
  const columns = (attributes.get('columns') ?? []) as readonly string[];
  return !(resource === 'db:main/customers' && columns.includes('email'));
};
const SCHEMA = `
  create table customers(id integer primary key, name text, email text);
  create table notes(id integer primary key, owner integer references customers(id), body text);
  create table letters(address text);
  create view contacts as select id, email as contact from customers;
  create view all_contacts as select contact from contacts;
  create trigger copies after insert on notes when new.body = 'copy' begin insert into letters select email from customers; end;
  insert into customers values (1, 'Ada', 'ada@example.test');
`;

describe('D2 a column beyond the rule is out of reach', () => {
  it.each([
    ['by name', 'select email from customers'],
    ['by *', 'select * from customers'],
    ['by another case', 'select EMAIL from Customers'],
    ['in WHERE', "select id from customers where email like 'a%'"],
    ['in ORDER BY', 'select id from customers order by email'],
    ['in GROUP BY', 'select count(*) from customers group by email'],
    ['in HAVING', 'select id from customers group by id having max(email) is not null'],
    ['in a join', 'select n.id from notes n left join customers c on c.email = n.body'],
    ['in a natural join', 'select notes.id from notes natural join customers where customers.email is null'],
    ['in a subquery', 'select (select email from customers)'],
    ['in EXISTS', 'select 1 where exists (select 1 from customers where email is null)'],
    ['in an aggregate', 'select group_concat(email) from customers'],
    ['in a window', 'select id, rank() over (order by email) from customers'],
    ['in a compound select', 'select id from notes union all select email from customers'],
    ['in a common table expression', 'with c(x) as (select email from customers) select x from c'],
    [
      'behind the name of a view',
      'with contacts as (select email as contact from customers) select contact from contacts',
    ],
    ['through a view', 'select contact from contacts'],
    ['through a view of a view', 'select contact from all_contacts'],
    ['in a view, unread', 'select id from contacts'],
    ['in LIMIT', 'select id from notes limit (select length(email) from customers)'],
    ['in EXPLAIN', 'explain select email from customers'],
    ['as a table-valued argument', 'select j.value from customers c, json_each(c.email) j'],
  ])('%s', async (_, sql) => {
    const bench = workbench({ schema: SCHEMA, allow: withoutEmail });
    expect(await errorOf(bench.db.query('main', sql, []))).toMatchObject({ tag: 'denied', val: { reason: 'no-rule' } });
    expect(bench.records.map(({ type }) => type)).toEqual(['effect.denied']);
  });

  it.each([
    ['in RETURNING', 'insert into customers(id) values (2) returning email'],
    ['as a source of an insert', 'insert into notes(body) select email from customers'],
    ['as a source of an update', 'update notes set body = (select email from customers)'],
    ['in the condition of a delete', 'delete from notes where body in (select email from customers)'],
    ['in a trigger', "insert into notes(body) values ('copy')"],
    ['as a target', "update customers set email = ''"],
    ['in the update of an upsert', "insert into customers(id) values (1) on conflict(id) do update set email = ''"],
    ['as a source of a table', 'create table copy as select email from customers'],
    ['in an index', 'create index i on customers(email)'],
  ])('%s', async (_, sql) => {
    const bench = workbench({ schema: SCHEMA, allow: withoutEmail });
    const before = bench.direct((database) => database.prepare('select * from letters, notes').all());
    expect(await errorOf(bench.db.execute('main', sql, []))).toMatchObject({ tag: 'denied' });
    expect(bench.direct((database) => database.prepare('select * from letters, notes').all())).toEqual(before);
  });

  it('while the other columns are not', async () => {
    const { db } = workbench({ schema: SCHEMA, allow: withoutEmail });
    expect(
      (await db.query('main', 'select id, name from customers where name is not null order by id', [])).rows,
    ).toHaveLength(1);
    expect((await db.execute('main', "update customers set name = 'x'", [])).rows).toBe(1n);
  });
});
