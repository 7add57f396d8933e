import { describe, expect, it } from 'vitest';
import { postgresWorld, SKIPPED } from '../../gates/db/postgres-bench.ts';
import { plain } from '../../gates/db/workbench.ts';
import { holdsBack, readsOrders } from './pg-hostile.ts';

describe.skipIf(SKIPPED !== undefined)(`D1 Postgres: exactly one statement ${SKIPPED ?? ''}`, () => {
  const world = postgresWorld();
  holdsBack(world, [
    'select id from orders; delete from orders',
    'select id from orders; select id from orders',
    'select id from orders;;delete from orders',
    'select id from orders -- ;\n; delete from orders',
    'select id from orders /* ; */; delete from orders',
    'select id from orders /* /* nested */ */; delete from orders',
    "select ';' from orders; delete from orders",
    'select $$;$$ from orders; delete from orders',
    'select $a$ $$ ; $a$ from orders; delete from orders',
    "select E'\\';' from orders; delete from orders",
    "select E'\\\\'; delete from orders; --' from orders",
    'select 1 as ";" from orders; delete from orders',
    "select U&'\\003b' from orders; delete from orders",
    'begin; delete from orders; commit',
    'select id from orders; commit; delete from orders',
    'select id from orders where id = 1; drop table orders; --',
    ';delete from orders',
    ';',
    ' ',
    '-- nothing',
    '/* nothing */',
    'select id from orders\0; delete from orders',
    'delete from orders returning id; select 1',
    'select 1; \\copy orders to stdout',
    'prepare p as delete from orders; execute p',
    'with x as (select 1) select 1; delete from orders',
  ]);

  it.each([
    'select id from orders where id = 10;',
    ' select id from orders where id = 10 ; -- end',
    'select id from orders where id = 10 /* ; */',
  ])('and one is served: %s', async (sql) => {
    const { db } = world.bench({ allow: readsOrders });
    expect(plain(await db.query('main', sql, []))).toEqual([[10n]]);
  });
});
