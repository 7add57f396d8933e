import { describe, expect, it } from 'vitest';
import { postgresWorld, SKIPPED } from '../../gates/db/postgres-bench.ts';
import { everything, plain, errorOf } from '../../gates/db/workbench.ts';
import { holdsBack, readsOrders } from './pg-hostile.ts';

describe.skipIf(SKIPPED !== undefined)(
  `D2 Postgres: a column or table beyond the rule, wherever it stands ${SKIPPED ?? ''}`,
  () => {
    const world = postgresWorld();
    holdsBack(world, [
      'select email from customers',
      'select * from customers',
      'select c.* from customers c',
      'select c from customers c',
      'select customers from customers',
      'select (c).email from customers c',
      'select (c.*).email from customers c',
      'select c.email from customers c',
      'select public.customers.email from customers',
      'select email(c) from customers c',
      'select c.row_to_json from customers c',
      'select row_to_json(c) from customers c',
      'select row_to_json(customers.*) from customers',
      'select to_jsonb(c) from customers c',
      'select jsonb_agg(c) from customers c',
      'select array_agg(c) from customers c',
      'select c::text from customers c',
      'select count(c) from customers c',
      'select id from customers where email is not null',
      "select id from customers where email like 'a%'",
      'select id from customers order by email',
      'select id from customers group by id, email',
      'select count(*) from customers group by email',
      'select id from customers group by id having max(email) is not null',
      'select distinct on (email) id from customers',
      'select count(distinct email) from customers',
      'select count(*) filter (where email is null) from customers',
      'select rank() over (order by email) from customers',
      'select rank() over w from customers window w as (partition by email)',
      'select string_agg(name, email) from customers',
      'select string_agg(name, name order by email) from customers',
      'select percentile_disc(0.5) within group (order by email) from customers',
      'select case when email is null then 1 end from customers',
      'select coalesce(email, name) from customers',
      'select 1 from orders o join customers c on c.email = o.note',
      'select 1 from orders o, lateral (select email from customers) c',
      'select 1 from orders natural join customers',
      'select 1 from customers a join customers b using (email)',
      'select (select email from customers limit 1)',
      'select array(select email from customers)',
      'select id from orders where note in (select email from customers)',
      'select id from orders where exists (select 1 from customers where email = note)',
      'select id from orders where (note, id) = (select email, id from customers limit 1)',
      'select id from orders limit (select length(email) from customers limit 1)',
      'select id from orders offset (select length(email) from customers limit 1)',
      'with x as (select email from customers) select 1 from x',
      'with x as (select * from customers) select id from x',
      'with recursive x(e) as (select email from customers union select e from x) select e from x',
      'select s.e from (select email as e from customers) s',
      'select s.c from (select c from customers c) s',
      'select x from (select * from customers) as x(i, n, x)',
      'select c.x from customers as c(i, n, x)',
      'select x from customers as c(i, n, x)',
      'select name from customers union select email from customers',
      'select name from customers order by (select max(email) from customers)',
      'values ((select email from customers limit 1))',
      'table customers',
      'select id from order_totals',
      'select name from customer_names',
      'select total from totals',
      'select secret from hidden.secrets',
      'select id from hidden.secrets',
      'select 1 from hidden.secrets',
      'select count(*) from hidden.secrets',
      'select last_value from numbers',
      'select 1 from audit',
      'select generate_series(1, length(email)) from customers',
      'select u from customers, unnest(array[email]) u',
      'select ctid from audit',
      'select id from orders where id in (select id from customers where email > $1)',
      'explain select email from customers',
      'explain analyze select email from customers',
    ]);

    it('and what the rule allows is served', async () => {
      const { db } = world.bench({ allow: readsOrders });
      const sql = 'select c.name, o.id from customers c join orders o on o.customer_id = c.id where c.id = 1';
      expect(plain(await db.query('main', sql, []))).toEqual([['Ada', 10n]]);
    });

    it('a column that the role may not read is denied, whatever the policy says', async () => {
      await world.sql('revoke select on customers from agent; grant select (id, name) on customers to agent');
      const { db } = world.bench({ allow: everything });
      expect((await errorOf(db.query('main', 'select email from customers', []))).tag).toBe('denied');
      expect(plain(await db.query('main', 'select name from customers where id = 1', []))).toEqual([['Ada']]);
      await world.renew();
    });
  },
);
