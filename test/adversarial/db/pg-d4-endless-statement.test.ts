import { describe, expect, it } from 'vitest';
import { postgresWorld, SKIPPED } from '../../gates/db/postgres-bench.ts';
import { errorOf, everything, plain } from '../../gates/db/workbench.ts';

const ENDLESS = [
  'select count(*) from generate_series(1, 1000000000000) a',
  'select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b, generate_series(1, 100000) c',
  'with recursive r(n) as (select 1 union all select n + 1 from r) select max(n) from r',
  'select sum(factorial(20000)) from generate_series(1, 100000000)',
];

describe.skipIf(SKIPPED !== undefined)(`D4 Postgres: an endless statement ends in its time ${SKIPPED ?? ''}`, () => {
  const world = postgresWorld();
  const settings = { timeoutMs: 300 };

  it.each(ENDLESS)('%s', async (sql) => {
    const { db, faults } = world.bench({ allow: everything, settings, target: { recursive: true } });
    await db.query('main', 'select 1', []);
    const started = performance.now();
    expect(await errorOf(Promise.resolve(db.query('main', sql, [])))).toEqual({ tag: 'timed-out' });
    expect(performance.now() - started).toBeLessThan(1_500); // 300 ms and a quarter of a second, on a busy machine
    expect(plain(await db.query('main', 'select 1', []))).toEqual([[1n]]);
    expect(faults).toEqual([]);
    const running = "select count(*)::int as n from pg_stat_activity where state = 'active' and usename = 'agent'";
    const count = async () => (await world.sql(running))[0]?.['n'];
    await expect.poll(count, { timeout: 2_000 }).toBe(0);
  });

  it('and meanwhile another run gets its answers', async () => {
    const slow = world.bench({ allow: everything, settings });
    const quick = world.bench({ allow: everything });
    const endless = errorOf(Promise.resolve(slow.db.query('main', ENDLESS[0]!, [])));
    expect(plain(await quick.db.query('main', 'select 2', []))).toEqual([[2n]]);
    expect(await endless).toEqual({ tag: 'timed-out' });
  });

  it('the server itself ends it where the host does not', async () => {
    const { db } = world.bench({ allow: everything, target: { timeoutMs: 300 } });
    expect(await errorOf(Promise.resolve(db.query('main', ENDLESS[0]!, [])))).toEqual({ tag: 'timed-out' });
  });

  it('recursion is refused unless the configuration allows it', async () => {
    const { db } = world.bench({ allow: everything });
    const sql = 'with recursive r(n) as (select 1 union all select n + 1 from r where n < 3) select n from r';
    expect((await errorOf(Promise.resolve(db.query('main', sql, [])))).tag).toBe('invalid-statement');
  });

  it('a change that takes too long is not made', async () => {
    const { db } = world.bench({ allow: everything, settings });
    const sql = "insert into audit select 'x' from generate_series(1, 1000000000)";
    expect(await errorOf(Promise.resolve(db.execute('main', sql, [])))).toEqual({ tag: 'timed-out' });
    expect(await world.sql('select count(*)::int as n from audit')).toEqual([{ n: 0 }]);
  });
});
