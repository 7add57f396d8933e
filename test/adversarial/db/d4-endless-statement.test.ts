import { describe, expect, it } from 'vitest';
import { errorOf, everything, plain, workbench } from '../../gates/db/workbench.ts';

const LIMIT_MS = 400;
/** The margin of the promise, and what a loaded machine adds to any timer. */
const MARGIN_MS = 250 + 500;
const ENDLESS = 'with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r';
const settings = { timeoutMs: LIMIT_MS };

describe('D4 endless statement', () => {
  it('is not served where it is a recursive query', async () => {
    const { db } = workbench({ allow: everything, statements: { endless: ENDLESS } });
    expect(await errorOf(db.query('main', ENDLESS, []))).toMatchObject({ tag: 'invalid-statement' });
    expect(await errorOf(db.queryNamed('main', 'endless', []))).toMatchObject({ tag: 'invalid-statement' });
  });

  it.each([
    ['a recursive query', ENDLESS],
    ['a cross join', 'select count(*) from big a, big b, big c, big d, big e where a.n + b.n + c.n + d.n + e.n < 0'],
  ])('is ended in time: %s', async (_, sql) => {
    const schema = `create table big(n integer); insert into big select value from json_each('[${'1,'.repeat(999)}1]')`;
    const bench = workbench({ allow: everything, recursive: true, schema, settings });
    await bench.db.query('main', 'select 1', []); // the process is there
    const started = performance.now();
    expect(await errorOf(bench.db.query('main', sql, []))).toEqual({ tag: 'timed-out' });
    expect(performance.now() - started).toBeLessThan(LIMIT_MS + MARGIN_MS);
    expect(plain(await bench.db.query('main', 'select 2', []))).toEqual([[2n]]);
    expect(bench.records.filter(({ outcome }) => outcome?.code === 'timed-out')).toHaveLength(1);
    expect(bench.faults).toEqual([]);
  });

  it('that is declared runs where it can be ended', async () => {
    const { db } = workbench({ allow: everything, recursive: true, statements: { endless: ENDLESS }, settings });
    expect(await errorOf(db.queryNamed('main', 'endless', []))).toEqual({ tag: 'timed-out' });
  });

  it('is ended by the obligation where that is shorter', async () => {
    const { db } = workbench({ allow: everything, recursive: true, obligations: { timeoutMs: 200 } });
    await db.query('main', 'select 1', []); // the process is there
    const started = performance.now();
    expect(await errorOf(db.query('main', ENDLESS, []))).toEqual({ tag: 'timed-out' });
    expect(performance.now() - started).toBeLessThan(200 + MARGIN_MS + 1_000);
  });

  it('takes its transaction with it, and nothing of that stays', async () => {
    const bench = workbench({ allow: everything, recursive: true, settings });
    const transaction = await bench.db.begin('main');
    await transaction.execute("insert into audit values ('x')", []);
    expect(await errorOf(transaction.query(ENDLESS, []))).toEqual({ tag: 'timed-out' });
    expect(await errorOf(transaction.commit())).toEqual({ tag: 'transaction-over' });
    await bench.db.execute('main', "insert into audit values ('y')", []);
    expect(bench.direct((database) => database.prepare('select what from audit').all())).toEqual([{ what: 'y' }]);
  });
});
