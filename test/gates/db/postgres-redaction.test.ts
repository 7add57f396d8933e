import { describe, expect, it } from 'vitest';
import { ownDetector } from '../../redaction/own-detector.ts';
import { postgresWorld, SCHEMA, SKIPPED } from './postgres-bench.ts';
import { plain, text } from './workbench.ts';

const MORE = `
  alter table customers drop column email;
  alter table customers add column city text, add column email text;
  update customers set city = 'Paris', email = lower(name) || '@example.test';
  create view mails as select id, email as contact from customers;
  create view everything as select name from customers union all select email from customers;
  create view "hidden".customers as select id, email as name, name as email from public.customers;
  create table "we.ird"(id int, email text);
  insert into "we.ird" values (1, 'ada@example.test');
  create table shops(id int primary key, city text);
  insert into shops values (1, 'Paris');
  create table loose(id int primary key, t text, j json, jb jsonb, ts text[], by bytea, n numeric, i bigint, f float8, c varchar(80), ip inet);
  insert into loose values (1, 'to ada@example.com', '{"m":"ada\\u0040example.com"}', '{"m":["ada@example.com", 1]}',
    array['x', 'ada@example.com', 'say "hi" to bob@example.com'], convert_to('x ada@example.com', 'UTF8'), 4111111111111111,
    4111111111111111, 4111111111111111, 'ada@example.com', '192.0.2.17');
  insert into loose values (2, 'nobody', '{"a": 1.50}', '{"a": 1.50}', array['x'], '\\x6869', 1.50, 7, 1.5, 'c', null);
  insert into loose(id) values (3);
  insert into loose(id, by) values (4, '\\x00616461406578616d706c652e636f6d');
  grant select, insert, update, delete on all tables in schema public, hidden to agent;
`;
const world = postgresWorld(`${SCHEMA}${MORE}`);
const detectors = ownDetector('personal', { columns: ['customers.email', 'salary'] });
const obliged = (redact: readonly string[]) => ({ allow: () => true, obligations: { redact } });
const byColumn = (schemas = ['public', 'hidden']) =>
  world.bench({ ...obliged(['personal']), detectors, target: { schemas } });
const byText = () => world.bench(obliged(['card', 'email', 'ip']));
const MARK = '[redacted:personal]';

describe.skipIf(SKIPPED !== undefined)(`rows of Postgres under redact ${SKIPPED ?? ''}`, () => {
  it.each([
    ['by its own name, and no other', 'select id, name, email from customers where id = 1', [1n, 'Ada', MARK]],
    ['behind a star', 'select * from customers where id = 1', [1n, 'Ada', 'Paris', MARK]],
    ['under another name', 'select name, email as x from customers where id = 1', ['Ada', MARK]],
    ['under the name of another', 'select id, email as name from customers where id = 1', [1n, MARK]],
    [
      'in a join',
      'select c.name, c.email as x, o.note from customers c join orders o on o.customer_id = c.id where o.id = 10',
      ['Ada', MARK, 'first'],
    ],
    [
      'in a query inside',
      'select a, b from (select name as a, email as b from customers) q order by a limit 1',
      ['Ada', MARK],
    ],
    [
      'in a common table',
      'with q(a, b) as (select name, email from customers) select a, b from q order by a limit 1',
      ['Ada', MARK],
    ],
    ['by the name that the result gives it', 'select name as salary, id from customers where id = 1', [MARK, 1n]],
    ['beside an expression', 'select id, upper(email) from customers where id = 1', [1n, MARK]],
  ])('lose a column %s', async (_, sql, row) => {
    const bench = byColumn();
    expect(plain(await bench.db.query('main', sql, []))).toEqual([row]);
    const times = row.filter((value) => value === MARK).length;
    expect(bench.records.flatMap(({ outcome }) => outcome?.discharged?.['redact'] ?? [])).toEqual([
      { personal: times },
    ]);
  });

  it.each([
    ['an expression', 'select upper(email) as id from customers'],
    ['a cast', 'select email::varchar as id from customers'],
    ['a part of it', 'select substr(email, 1, 3) as name from customers'],
    ['a row', 'select c from customers c'],
    ['a row as JSON', 'select to_jsonb(c) as id from customers c'],
    ['an aggregate', "select string_agg(email, ',') as id from customers"],
    ['an array', 'select array_agg(email) as id from customers'],
    ['a CASE', "select case when id > 0 then email else '' end as id from customers"],
    ['a COALESCE', "select coalesce(email, '') as id from customers"],
    ['a window', 'select lag(email) over (order by id) as id, first_value(email) over (order by id) from customers'],
    ['a comparison', "select id, email like 'ada%' as hit from customers"],
    ['a subquery', 'select (select email from customers where id = 1) as id'],
    ['a subquery beside a table', 'select o.id, (select email from customers c where c.id = 1) as note from orders o'],
    ['a union', 'select name from customers union all select email from customers'],
    ['a union that is written otherwise', 'select name from customers UNION select email from customers'],
    ['an intersection', 'select email as name from customers intersect select email from customers'],
    [
      'a union inside',
      'select name from (select name from customers union all select email from customers) q order by 1',
    ],
    [
      'a common table of a union',
      'with q(name) as (select name from customers union all select email from customers) select name from q',
    ],
    ['a lateral query', 'select q.x from customers c, lateral (select c.email as x) q'],
    ['a lateral query with a table', 'select c.name, q.x from customers c, lateral (select c.email as x) q'],
    ['VALUES', 'select v.x from customers c, lateral (values (c.email)) v(x)'],
    ['USING', "select email from customers a join (select 'ada@example.test' as email) b using (email)"],
    ['a full join', 'select a.id, email as note from customers a full join customers b using (email)'],
    ['a view', 'select contact from mails'],
    ['a view and its table', 'select m.contact, c.name from mails m join customers c on c.id = m.id'],
    ['a view of a union', 'select name from everything'],
    ['a view of the same name', 'select id, name from hidden.customers'],
    [
      'a view of the same name beside its table',
      'select h.name, c.id from hidden.customers h join customers c on c.id = h.id',
    ],
    ['a plan', "explain verbose select id from customers where email = 'ada@' || 'example.test'"],
    ['a DISTINCT ON', 'select distinct on (email) email as name from customers'],
    ['a group', 'select email as name, count(*) from customers group by email'],
    ['a group of sets', 'select email as name, id from customers group by rollup (email, id)'],
    ['a removal', 'delete from orders using customers c where c.id = customer_id returning c.email as note'],
  ])('show nothing of it through %s', async (_, sql) => {
    await world.renew();
    const bench = byColumn();
    const transaction = await bench.db.begin('main');
    const rows = await transaction.query(sql, []).then(plain, (error: unknown) => {
      throw new Error(JSON.stringify(error));
    });
    await transaction.rollback();
    expect(rows.flat()).toContain(MARK);
    const shown = JSON.stringify(rows, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    expect(shown).not.toMatch(/@|example|ada|bob/);
  });

  it('keep a null, and which rows there are', async () => {
    const bench = byColumn();
    await world.sql('update customers set email = null where id = 2');
    const rows = plain(await bench.db.query('main', 'select id, email as x from customers order by id', []));
    expect(rows).toEqual([
      [1n, MARK],
      [2n, null],
      [3n, MARK],
    ]);
  });

  it('lose a column of any table, whatever signs its name has', async () => {
    const bench = world.bench({ ...obliged(['any']), detectors: ownDetector('any', { columns: ['email'] }) });
    const rows = plain(await bench.db.query('main', 'select id, email as x from "we.ird"', []));
    expect(rows).toEqual([[1n, '[redacted:any]']]);
  });

  it('lose what their text shows, in every type', async () => {
    const rows = plain(await byText().db.query('main', 'select * from loose where id < 3 order by id', []));
    const [email, card] = ['[redacted:email]', '[redacted:card]'];
    expect(rows).toEqual([
      [
        ...[1n, `to ${email}`, `{"m":"${email}"}`, `{"m": ["${email}", 1]}`],
        ...[`{x,${email},"say \\"hi\\" to ${email}"}`, `x ${email}`, card, card, card, email, '[redacted:ip]'],
      ],
      [
        2n,
        'nobody',
        '{"a": 1.50}',
        '{"a": 1.50}',
        '{x}',
        new Uint8Array(Buffer.from('hi')),
        '1.50',
        7n,
        1.5,
        'c',
        null,
      ],
    ]);
  });

  it('keep nulls, and show nothing of bytes that are no text', async () => {
    const rows = plain(await byText().db.query('main', 'select t, by, a.ip from loose a where id > 2 order by id', []));
    expect(rows).toEqual([
      [null, null, null],
      [null, '[redacted:binary]', null],
    ]);
  });

  it('lose what is put together only in the result', async () => {
    const sql =
      "select concat('ada', chr(64), 'example.com') as x, array['4111', '1111']::text from loose where id = 1";
    expect(plain(await byText().db.query('main', sql, []))).toEqual([['[redacted:email]', '{4111,1111}']]);
  });

  it('are not asked for by a statement that holds a find', async () => {
    const bench = byText();
    const asked = bench.db.query('main', "select 'ada@example.com' from loose", []);
    await expect(asked).rejects.toMatchObject({ payload: { tag: 'denied' } });
  });
});

describe.skipIf(SKIPPED !== undefined)(`a change of Postgres under redact ${SKIPPED ?? ''}`, () => {
  it('writes its parameters masked, and gives back what it wrote', async () => {
    const sql = 'update orders set note = $1 where id = 10 returning note';
    const rows = plain(await byText().db.query('main', sql, [text('for ada@example.com')]));
    expect(rows).toEqual([['for [redacted:email]']]);
    expect(await world.sql('select note from orders where id = 10')).toEqual([{ note: 'for [redacted:email]' }]);
  });

  it.each([
    ['into another table', 'insert into shops select id, email from customers'],
    ['into another column', 'update customers set city = email'],
    ['by a join', 'update orders o set note = c.email from customers c where c.id = o.customer_id'],
    ['through a view', 'insert into shops select id, contact from mails'],
    [
      'where there is a conflict',
      'insert into customers values (1) on conflict (id) do update set city = customers.email',
    ],
    [
      'in a common table',
      'with q as (insert into shops select id, email from customers returning city) select * from q',
    ],
    ['and returns it', "update customers set city = 'Rome' returning email as city"],
    ['and returns an expression', "update customers set city = 'Rome' returning concat(email, '!') as city"],
    ['and looks for it', "update customers set city = 'Rome' where email = $1"],
  ])('is refused where it reads a masked column %s', async (_, sql) => {
    await world.renew();
    const bench = byColumn();
    const before = await world.sql('select * from customers, orders');
    const parameters = sql.includes('$1') ? [text('x')] : [];
    const how = /returning/.test(sql) ? 'query' : 'execute';
    await expect(bench.db[how]('main', sql, parameters)).rejects.toMatchObject({ payload: { tag: 'denied' } });
    expect(await world.sql('select * from customers, orders')).toEqual(before);
    expect(bench.records.flatMap(({ outcome }) => outcome?.detail?.['redact'] ?? [])).toEqual(['column']);
  });

  it('is done where it writes a masked column, and shows nothing of what it wrote', async () => {
    await world.renew();
    const bench = byColumn();
    await bench.db.execute('main', 'update customers set email = $1 where id = 1', [text('eve@x.test')]);
    const sql = 'insert into customers(id, name, email) values (9, $1, $2) returning id, name';
    const rows = plain(await bench.db.query('main', sql, [text('Eve'), text('eve@x.test')]));
    expect(rows).toEqual([[MARK, MARK]]);
    expect(await world.sql("select id from customers where email = 'eve@x.test' order by id")).toEqual([
      { id: '1' },
      { id: '9' },
    ]);
  });
});
