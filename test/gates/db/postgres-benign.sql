-- reading
select 1
select 1 as one, 'two' as two, null as three, true as four, 2.5 as five
select id, name, email from customers order by id
select * from customers order by id
select customers.* from customers order by id
select c.id as number, c.name from customers as c order by 1
select c.a, c.b from customers as c(a, b, d) order by c.a
select distinct customer_id from orders order by customer_id
select distinct on (customer_id) customer_id, total from orders order by customer_id, total
select all id from orders order by id desc
select id from orders where total > 2 and note is not null order by id
select id from orders where not (total > 2) or note is null order by id
select id from orders where total between 1 and 3 order by id
select id from orders where total not between 1 and 3 order by id
select id from orders where id in (10, 12) order by id
select id from orders where id not in (10, 12) order by id
select id from orders where id = any(array[10, 11]) order by id
select id from orders where id <> all(array[10, 11]) order by id
select id from orders where note like 'f%' order by id
select id from orders where note ilike 'F%' order by id
select id from orders where note not like '%x%' escape '!' order by id
select id from orders where note similar to '(first|second)' order by id
select id from orders where note ~ '^s' order by id
select id from orders where note !~* '^S' order by id
select id from orders where note is distinct from 'first' order by id
select id from orders where (id, customer_id) = (10, 1)
select id from orders where (id, customer_id) in ((10, 1), (11, 2)) order by id
select id from orders where note is null
select id from orders where (total > 2) is true order by id
select id from orders where (total > 2) is not unknown order by id
select id from orders order by total desc nulls last limit 2
select id from orders order by total offset 1 rows fetch first 1 row only
select id from orders order by total limit 1 offset 1
select id, total as t from orders order by t
select id + 1 as next, total * 2 from orders order by next
table customers
values (1, 'a'), (2, 'b')
select * from (values (1, 'a'), (2, 'b')) as v(n, t) where n > 1
select v.n from (values (1), (2)) v(n) order by v.n
-- joins
select o.id, c.name from orders o join customers c on c.id = o.customer_id order by o.id
select o.id, c.name from orders o inner join customers c on c.id = o.customer_id and o.total > 2 order by o.id
select c.name, o.id from customers c left join orders o on o.customer_id = c.id order by c.id, o.id
select c.name, o.id from orders o right outer join customers c on o.customer_id = c.id order by c.id, o.id
select count(*) from orders full join customers on customers.id = orders.customer_id
select count(*) from orders cross join customers
select count(*) from orders, customers
select count(*) from customers a join customers b using (id)
select id from customers a join customers b using (id) order by id
select count(*) from customers natural join orders
select a.name, b.name from customers a, customers b where a.id < b.id order by 1, 2
select c.name, s.total from customers c, lateral (select total from orders o where o.customer_id = c.id order by total limit 1) s order by 1
select c.name, s.n from customers c left join lateral (select count(*) as n from orders o where o.customer_id = c.id) s on true order by 1
select g from generate_series(1, 3) g
select g.n from generate_series(1, 3) as g(n) order by g.n desc
select n, o from unnest(array['a', 'b']) with ordinality as u(n, o)
select key, value from jsonb_each('{"a": 1, "b": 2}') order by key
select e.value from jsonb_array_elements('[1, 2]') e
select c.id, g from customers c, generate_series(1, c.id) g order by 1, 2
-- subqueries
select (select max(total) from orders)
select name, (select count(*) from orders o where o.customer_id = c.id) as n from customers c order by name
select name from customers where id in (select customer_id from orders where total > 5)
select name from customers c where exists (select 1 from orders o where o.customer_id = c.id) order by name
select name from customers c where not exists (select from orders o where o.customer_id = c.id)
select name from customers where id = (select customer_id from orders order by total desc limit 1)
select name from customers where id > all (select customer_id from orders)
select name from customers where id = any (select customer_id from orders) order by name
select array(select id from customers order by id)
select s.n from (select count(*) as n from orders) s
select s.customer_id, s.sum from (select customer_id, sum(total) from orders group by customer_id) s order by 1
-- common table expressions
with big as (select * from orders where total > 2) select id from big order by id
with a as (select 1 as x), b as (select x + 1 as y from a) select a.x, b.y from a, b
with c(n) as (select name from customers) select n from c order by n
with m as materialized (select id from orders) select count(*) from m
with orders as (select 1 as id) select id from orders
with recursive n(i) as (select 1 union all select i + 1 from n where i < 4) select i from n
with recursive n as (select 1 as i union select i + 1 from n where i < 4) select sum(i) from n
with recursive t as (select c.* from customers c where c.id = 1 union all select c.* from customers c join t on c.id = t.id + 1) select t.name from t order by t.name
-- sets
select name from customers union select note from orders where note is not null order by name
select id from customers union all select id from orders order by 1
select id from customers intersect select customer_id from orders order by id
select id from customers except select customer_id from orders
(select id from customers order by id limit 1) union all (select id from orders order by id limit 1)
-- groups and windows
select customer_id, count(*), sum(total), avg(total) from orders group by customer_id order by customer_id
select customer_id, count(*) from orders group by customer_id having count(*) > 1
select customer_id as c, count(*) from orders group by c order by c
select customer_id, count(*) from orders group by 1 order by 2 desc, 1
select count(*) filter (where total > 2), count(distinct customer_id) from orders
select customer_id, grouping(customer_id), count(*) from orders group by rollup (customer_id) order by 1 nulls last
select count(*) from orders group by grouping sets ((customer_id), ()) order by 1
select string_agg(name, ', ' order by name desc) from customers
select array_agg(id order by id) from customers
select percentile_cont(0.5) within group (order by total) from orders
select id, row_number() over (order by total) from orders order by id
select id, rank() over (partition by customer_id order by total desc) from orders order by id
select id, sum(total) over w from orders window w as (order by id rows between unbounded preceding and current row) order by id
select id, lag(total, 1, 0) over (order by id), first_value(total) over (order by id) from orders order by id
select bool_and(total > 1), every(total > 1), max(note), min(total) from orders
-- expressions
select case when total > 2 then 'big' else 'small' end from orders order by id
select case customer_id when 1 then 'one' when 2 then 'two' end from orders order by id
select coalesce(note, 'none'), nullif(customer_id, 1) from orders order by id
select greatest(1, 3, 2), least(1, 3, 2)
select 1::text, '5'::int, cast('2026-01-02' as date), '1.50'::numeric(5,1)
select date '2026-01-02' + 3, timestamp '2026-01-02 03:04:05' - interval '1 hour'
select extract(year from date '2026-01-02'), date_trunc('month', timestamp '2026-01-15')
select to_char(timestamp '2026-01-02 03:04:05', 'YYYY-MM-DD HH24:MI:SS')
select age(timestamp '2026-03-01', timestamp '2026-01-01')
select timestamp '2026-01-02 03:04:05' at time zone 'UTC'
select interval '1 day 2 hours', make_interval(days => 3), justify_hours(interval '27 hours')
select upper('a'), length('abc'), substring('abcdef' from 2 for 3), trim(both 'x' from 'xax'), position('b' in 'abc')
select replace('aXa', 'X', 'b'), left('abc', 2), right('abc', 2), reverse('abc'), repeat('ab', 3), initcap('ada love')
select lpad('7', 3, '0'), split_part('a-b-c', '-', 2), overlay('abcd' placing 'XX' from 2 for 2)
select concat('a', null, 'b'), concat_ws('-', 'a', 'b'), format('%s %I %L', 'a', 'b c', 'd')
select regexp_replace('abc', 'b', 'x'), regexp_match('abc', '(b)(c)'), string_to_array('a,b', ',')
select md5('a'), encode('\x0102'::bytea, 'hex'), encode(sha256('a'), 'base64'), decode('0102', 'hex')
select abs(-1), round(2.567, 2), ceil(1.2), floor(1.8), mod(7, 3), power(2, 3), sqrt(16), sign(-2), trunc(1.9)
select 7 / 2, 7 % 3, 2 ^ 3, 5 & 3, 5 | 3, 5 # 3, 1 << 3, -5, +5, @ -5
select 9223372036854775807, -9223372036854775808, 0.1 + 0.2, 1e-7::float8, 12345678901234567890.5
select 'a' || 'b', 'a' collate "C" < 'b', E'a\nb', $$dollar$$, U&'\0041', 'it''s'
select array[1, 2, 3], array[1, 2] || 3, (array[1, 2, 3])[2], (array[1, 2, 3])[1:2], array_length(array[1, 2], 1)
select 2 = any(array[1, 2]), array[1, 2] @> array[1], array[1, 2] && array[2, 3], cardinality(array[1, 2])
select row(1, 'a'), (1, 2) < (1, 3), row(1, 2) is not null
select '{"a": {"b": 1}}'::jsonb -> 'a' ->> 'b', '{"a": 1}'::jsonb ? 'a', '{"a": 1}'::jsonb @> '{"a": 1}'
select jsonb_build_object('a', 1, 'b', array[1, 2]), to_jsonb(c) from customers c where c.id = 1
select json_agg(name order by name), jsonb_object_agg(id, name) from customers
select jsonb_set('{"a": 1}', '{a}', '2'), jsonb_path_query_first('{"a": [1, 2]}', '$.a[1]'), ('{"a": 1}'::jsonb)['a']
select int4range(1, 5) @> 3, upper(int4range(1, 5)), '192.168.0.1'::inet << '192.168.0.0/24'::inet
select to_tsvector('english', 'the cats sat') @@ to_tsquery('english', 'cat')
select '00000000-0000-4000-8000-000000000001'::uuid, 'b101'::text::bytea
-- all types
select i2, i4, i8 from kinds order by i2
select n, b, t, v from kinds order by i2
select f4 from kinds where i2 = -7
select by, d, ts, tz, iv from kinds order by i2
select u, j, jb, a from kinds order by i2
-- views
select * from order_totals order by id
select name from customer_names order by name
select total from totals
-- explain
explain (costs off) select id from orders
-- changes
insert into audit values ('one')
insert into audit(what) values ('two'), ('three')
insert into audit select name from customers
insert into audit default values
insert into customers(id, name) values (20, 'Eve') on conflict do nothing
insert into customers(id, name) values (1, 'Ada') on conflict (id) do update set name = excluded.name
insert into orders(id, customer_id, total) values (20, 1, 9) on conflict (id) do update set total = orders.total
update orders set note = 'x' where id = 10
update orders set (note, total) = ('y', 3) where id = 10
update orders o set note = c.name from customers c where c.id = o.customer_id
update orders set total = default where id = 12
update customers set email = (select max(note) from orders) where id = 3
update kinds set a[1] = 9 where i2 = -7
update order_totals set total = 4 where id = 10
update audit set what = upper(what) where what = 'nothing'
delete from audit where what = 'no such'
delete from orders using customers where customers.id = orders.customer_id and customers.name = 'Nobody'
with moved as (update audit set what = what where what = 'nothing' returning what) select count(*) from moved
select id from orders where id = 10 for update
select id from orders where id = 10 for share
