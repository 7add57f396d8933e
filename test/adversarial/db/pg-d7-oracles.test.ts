import { describe, expect, it } from 'vitest';
import { postgresWorld, SKIPPED } from '../../gates/db/postgres-bench.ts';
import { errorOf, everything } from '../../gates/db/workbench.ts';
import { readsOrders } from './pg-hostile.ts';

const SECRET = 'swordfish';

describe.skipIf(SKIPPED !== undefined)(`D7 Postgres: errors tell nothing that was not allowed ${SKIPPED ?? ''}`, () => {
  const world = postgresWorld();
  const tagOf = async (sql: string): Promise<unknown> => {
    const error = await errorOf(
      Promise.resolve().then(() => world.bench({ allow: readsOrders }).db.query('main', sql, [])),
    );
    return error.tag === 'denied' ? { ...error.val, decision: '' } : error;
  };

  it.each([
    ['a column that is denied and one that is not there', 'select email from customers', 'select emial from customers'],
    ['a table that is denied and one that is not there', 'select what from audit', 'select what from adit'],
    [
      'a schema that is denied and one that is not there',
      'select secret from hidden.secrets',
      'select secret from hiden.secrets',
    ],
    [
      'a type that does not fit and a column that is not there',
      'select id from orders where note = 1',
      'select id from orders where nte = 1',
    ],
  ])('%s look the same', async (_what, denied, absent) => {
    expect(await tagOf(denied)).toEqual(await tagOf(absent));
  });

  it.each([
    `select cast(secret as int) from hidden.secrets`,
    `select 1 / (length(secret) - 9) from hidden.secrets`,
    'select cast(email as int) from customers',
    'select id from orders where cast((select email from customers limit 1) as int) = 1',
    "select to_number(email, '9') from customers",
  ])('a value that is denied is not in an error: %s', async (sql) => {
    expect(JSON.stringify(await tagOf(sql))).not.toMatch(/swordfish|ada@/);
  });

  it('an error of the server carries none of its text', async () => {
    const { db } = world.bench({ allow: everything, target: { schemas: ['hidden'] } });
    const error = await errorOf(Promise.resolve(db.query('main', 'select cast(secret as int) from secrets', [])));
    expect(error).toEqual({ tag: 'invalid-statement', val: 'a function or an operator cannot work on a value' });
    expect(JSON.stringify(error)).not.toContain(SECRET);
  });

  it('a server that is not there is a fault of the host, without its address', async () => {
    const { db, records } = world.bench({ allow: everything, target: { host: '/nowhere' } });
    expect(await errorOf(Promise.resolve(db.query('main', 'select 1', [])))).toEqual({ tag: 'internal' });
    expect(JSON.stringify(records)).toContain('the database cannot be reached');
    expect(JSON.stringify(records)).not.toContain('/nowhere');
  });
});
