import { describe, expect, it } from 'vitest';
import { errorOf, everything, text, workbench } from '../../gates/db/workbench.ts';

const BIG = `create table big(n integer); insert into big select value from json_each('[${'1,'.repeat(999)}1]')`;

/** CWE-400: more rows, bytes or depth than anybody needs. */
describe('D5 too many rows, wide values, deep expressions: an answer that is too large', () => {
  it('stops at the row limit while it is read: a product of ten million rows costs what its first ones cost', async () => {
    const { db } = workbench({
      allow: everything,
      schema: BIG,
      settings: { maxRows: 50 },
      statements: { product: 'select a.n from big a, big b, big c' },
    });
    for (const rows of [
      await db.query('main', 'select a.n from big a, big b, big c', []),
      await db.queryNamed('main', 'product', []),
    ]) {
      expect([rows.rows.length, rows.truncated]).toEqual([50, true]);
    }
  });

  it('fails at the byte limit, in rows and in one value', async () => {
    const { db } = workbench({
      allow: everything,
      schema: BIG,
      maxBytes: 4096,
      statements: { wide: 'select zeroblob(100000)' },
    });
    for (const sql of [
      'select zeroblob(2000) from big',
      'select zeroblob(100000)',
      "select printf('%100000d', 1)",
      'select zeroblob(4000000000)',
    ]) {
      expect(await errorOf(db.query('main', sql, []))).toEqual({ tag: 'too-large' });
    }
    expect(await errorOf(db.queryNamed('main', 'wide', []))).toEqual({ tag: 'too-large' });
  });

  it('fails before anything runs where the parameters are', async () => {
    const bench = workbench({ allow: everything, maxBytes: 4096 });
    expect(await errorOf(bench.db.query('main', 'select ?', [text('x'.repeat(5000))]))).toEqual({ tag: 'too-large' });
    expect(bench.processes.size).toBe(0);
  });

  it.each([
    ['long', `select '${'x'.repeat(70_000)}'`],
    ['deep', `select ${'abs('.repeat(1000)}1${')'.repeat(1000)}`],
    ['tall', `select ${'1+'.repeat(1000)}1`],
    ['many selects', Array.from({ length: 300 }, () => 'select 1').join(' union all ')],
  ])('is not even tried where the statement is %s', async (_, sql) => {
    const { db, faults } = workbench({ allow: everything });
    expect(await errorOf(db.query('main', sql, []))).toMatchObject({ tag: 'invalid-statement' });
    expect(faults).toEqual([]);
  });

  it('while one below the limits arrives whole', async () => {
    const { db } = workbench({ allow: everything, maxBytes: 1024 * 1024 });
    const { rows } = await db.query('main', 'select zeroblob(1000000)', []);
    expect(rows[0]?.[0]).toEqual({ tag: 'blob', val: new Uint8Array(1_000_000) });
  });
});
