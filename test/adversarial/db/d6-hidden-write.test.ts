import { describe, expect, it } from 'vitest';
import { errorOf, workbench } from '../../gates/db/workbench.ts';

/** Only selects are allowed. */
describe('D6 write disguised as read: a change that is written as a query is a change', () => {
  it.each([
    'with gone as (select 10 as id) delete from orders where id in (select id from gone)',
    'delete from orders returning id',
    "insert into audit values ('x') returning what",
    'update orders set total = 0 returning id',
    'explain delete from orders',
    'replace into orders(id) values (10) returning id',
    'create table n as select id from orders',
    'drop table audit',
  ])('%s', async (sql) => {
    const bench = workbench({ allow: ({ action }) => action === 'db:select' });
    const count = () =>
      bench.direct(
        (database) =>
          database.prepare('select (select count(*) from orders) + (select count(*) from audit) as n').get()?.['n'],
      );
    expect(await errorOf(bench.db.query('main', sql, []))).toMatchObject({ tag: 'denied' });
    expect(count()).toBe(2);
  });

  it('and an insert that replaces needs the right to delete', async () => {
    const mayInsert = workbench({ allow: ({ action }) => action !== 'db:delete' });
    const replacing = "insert or replace into customers values (1, 'x', '')";
    expect(await errorOf(mayInsert.db.execute('main', replacing, []))).toMatchObject({ tag: 'denied' });
    expect((await mayInsert.db.execute('main', "insert into customers values (3, 'x', '')", [])).rows).toBe(1n);
  });
});
