import { describe, expect, it } from 'vitest';
import { postgresWorld, SKIPPED } from '../../gates/db/postgres-bench.ts';
import { errorOf, everything, plain } from '../../gates/db/workbench.ts';

describe.skipIf(SKIPPED !== undefined)(`D5 Postgres: a large answer is cut while it is read ${SKIPPED ?? ''}`, () => {
  const world = postgresWorld();

  it('ten million rows stop at the most rows', async () => {
    const { db } = world.bench({ allow: everything, settings: { maxRows: 100 } });
    const before = process.memoryUsage().rss;
    const rows = await db.query('main', 'select a from generate_series(1, 10000) a, generate_series(1, 1000) b', []);
    expect(rows.rows.length).toBe(100);
    expect(rows.truncated).toBe(true);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('exactly the most rows are all', async () => {
    const { db } = world.bench({ allow: everything, settings: { maxRows: 100 } });
    expect((await db.query('main', 'select g from generate_series(1, 100) g', [])).truncated).toBe(false);
    expect((await db.query('main', 'select g from generate_series(1, 101) g', [])).truncated).toBe(true);
  });

  it('the rule counts, where it is stricter', async () => {
    const { db } = world.bench({ allow: everything, obligations: { rows: 2 } });
    expect((await db.query('main', 'select id from customers', [])).rows.length).toBe(2);
  });

  it.each([
    ['one value', "select repeat('x', 100000000)"],
    ['many values', "select repeat('x', 1000) from generate_series(1, 1000) g"],
    ['bytes', "select decode(repeat('00', 50000000), 'hex')"],
    [
      'the rows of a change',
      "insert into audit select repeat('x', 10000) from generate_series(1, 1000) returning what",
    ],
  ])('%s beyond the most bytes', async (_what, sql) => {
    const { db, faults } = world.bench({ allow: everything, target: { maxBytes: 64 * 1024 } });
    const before = process.memoryUsage().rss;
    expect(await errorOf(Promise.resolve(db.query('main', sql, [])))).toEqual({ tag: 'too-large' });
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    expect(plain(await db.query('main', 'select 1', []))).toEqual([[1n]]);
    expect(await world.sql('select count(*)::int as n from audit')).toEqual([{ n: 0 }]);
    expect(faults).toEqual([]);
  });

  it.each([
    ['brackets', `select ${'('.repeat(20_000)}1${')'.repeat(20_000)}`],
    ['a sum', `select ${'1+'.repeat(30_000)}1`],
    ['a chain of casts', `select 1${'::int'.repeat(13_000)}`],
    ['a chain of collations', `select 'a'${' collate "C"'.repeat(5_000)}`],
    ['negations', `select ${'not '.repeat(16_000)}true`],
    ['subqueries', `select ${'(select '.repeat(5_000)}1${')'.repeat(5_000)}`],
    ['a chain of tests', `select 1 ${'isnull '.repeat(9_000)}`],
    ['a union', `select 1 ${'union select 1 '.repeat(4_300)}`],
    ['joins', `select 1 from orders ${'join orders on true '.repeat(3_000)}`],
  ])('a statement that is too deep is refused: %s', async (_what, sql) => {
    const { db, faults } = world.bench({ allow: everything });
    expect((await errorOf(Promise.resolve(db.query('main', sql, [])))).tag).not.toBe('internal');
    expect(plain(await db.query('main', 'select 1', []))).toEqual([[1n]]);
    expect(faults).toEqual([]);
  });
});
