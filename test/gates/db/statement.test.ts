import { describe, expect, it } from 'vitest';
import { errorOf, everything, int, plain, text, workbench } from './workbench.ts';

describe('a statement', () => {
  it('returns rows of a declared query without starting a process', async () => {
    const bench = workbench({ allow: everything, statements: { one: 'select id, total from orders where id = ?' } });
    expect(await bench.db.queryNamed('main', 'one', [int(10)])).toEqual({
      columns: ['id', 'total'],
      rows: [
        [
          { tag: 'integer', val: 10n },
          { tag: 'real', val: 2.5 },
        ],
      ],
      truncated: false,
    });
    expect(bench.processes.size).toBe(0);
  });

  it('of the guest runs in one process, whatever their number', async () => {
    const bench = workbench({ allow: everything });
    for (const id of [10, 11, 10])
      expect(plain(await bench.db.query('main', 'select id from orders where id = ?', [int(id)]))).toEqual([
        [BigInt(id)],
      ]);
    await bench.db.execute('main', 'update orders set total = 1', []);
    expect(bench.processes.size).toBe(1);
  });

  it('reports what it changed', async () => {
    const { db } = workbench({ allow: everything });
    expect(await db.execute('main', 'insert into customers(name) values (?)', [text('Eve')])).toEqual({
      rows: 1n,
      lastRowId: 3n,
    });
    expect(await db.execute('main', 'update orders set total = 0', [])).toEqual({ rows: 2n, lastRowId: undefined });
    expect(await db.execute('main', 'create table n(a)', [])).toEqual({ rows: 0n, lastRowId: undefined });
  });

  it('carries integers, texts and bytes exactly, in both places', async () => {
    const { db } = workbench({ allow: everything, statements: { echo: 'select ?, ?, ?, ?, ?' } });
    const values = [
      int(-(2n ** 63n)),
      int(2n ** 63n - 1n),
      text('zß水🍌\0x'),
      { tag: 'blob', val: new Uint8Array([0, 255, 7]) },
      { tag: 'null' },
    ] as const;
    expect((await db.query('main', 'select ?, ?, ?, ?, ?', values)).rows).toEqual([values]);
    expect((await db.queryNamed('main', 'echo', values)).rows).toEqual([values]);
  });

  it('takes its parameters in the order of the engine', async () => {
    const { db } = workbench({ allow: everything });
    expect(
      plain(
        await db.query('main', 'select ?2, ?1, \':x\', "id" from orders where id = :id -- ?', [
          int(1),
          int(2),
          int(10),
        ]),
      ),
    ).toEqual([[2n, 1n, ':x', 10n]]);
  });

  it('that changes and returns rows is undone where the rows are too large', async () => {
    const bench = workbench({ allow: everything, maxBytes: 1024 });
    const sql = "insert into audit values ('x') returning hex(zeroblob(600))";
    expect(await errorOf(bench.db.query('main', sql, []))).toEqual({ tag: 'too-large' });
    expect(bench.direct((database) => database.prepare('select * from audit').all())).toEqual([]);
  });
});

describe('a failure', () => {
  const bench = () => workbench({ allow: everything, writable: true });
  it.each([
    ['nowhere', 'select 1', { tag: 'unknown-database' }],
    ['main', 'selec 1', { tag: 'invalid-statement', val: 'syntax error' }],
    ['main', '', { tag: 'invalid-statement', val: 'not exactly one statement' }],
    [
      'main',
      'select nope from orders',
      { tag: 'invalid-statement', val: 'no such table or column, or not used as it is defined' },
    ],
    ['main', 'select ?', { tag: 'invalid-statement', val: 'wrong number of parameters' }],
    ['main', 'delete from audit', { tag: 'invalid-statement', val: 'the statement returns no rows: use execute' }],
    [
      'main',
      'select abs(-9223372036854775807 - 1)',
      { tag: 'invalid-statement', val: 'a function or an operator cannot work on a value' },
    ],
  ])('is one of a closed set: %s, %s', async (database, sql, expected) => {
    expect(await errorOf(bench().db.query(database, sql, []))).toEqual(expected);
  });

  it('of a constraint says so, and nothing of the schema', async () => {
    expect(await errorOf(bench().db.execute('main', 'insert into customers(name) values (null)', []))).toEqual({
      tag: 'constraint-violation',
    });
    expect(await errorOf(bench().db.execute('main', 'insert into orders(customer_id) values (99)', []))).toEqual({
      tag: 'constraint-violation',
    });
  });

  it('of a parameter that no database can hold is a refusal', async () => {
    const real = { tag: 'real', val: NaN } as const;
    expect(await errorOf(bench().db.query('main', 'select ?', [real]))).toEqual({
      tag: 'invalid-statement',
      val: 'a parameter is not a value that can be stored',
    });
  });

  it('names a statement that is not declared', async () => {
    expect(await errorOf(bench().db.queryNamed('main', 'nope', []))).toEqual({ tag: 'unknown-statement' });
  });

  it('of writing a read-only database comes after the decision', async () => {
    const { db, records } = workbench({ allow: everything, writable: false });
    expect(await errorOf(db.execute('main', 'delete from audit', []))).toEqual({ tag: 'read-only' });
    expect(records.map(({ type }) => type)).toEqual(['effect.intended', 'effect.settled']);
  });
});

describe('an obligation', () => {
  it('of rows is the lower bound of all', async () => {
    const { db, records } = workbench({ allow: everything, obligations: { rows: 1 } });
    const rows = await db.query('main', 'select id from orders', []);
    expect([plain(rows), rows.truncated]).toEqual([[[10n]], true]);
    expect(records[1]?.outcome).toMatchObject({
      discharged: { rows: 1 },
      detail: { rows: 1, truncated: true },
      bytesIn: 8,
    });
  });

  it('of logging all shows the text and the parameters, which no record shows otherwise', async () => {
    const full = workbench({ allow: everything, obligations: { log: 'full' } });
    await full.db.query('main', 'select ?', [text('secret')]);
    expect(full.records[0]?.request).toMatchObject({ payload: { sql: 'select ?', parameters: ['secret'] } });
    const digest = workbench({ allow: everything });
    await digest.db.query('main', 'select ?', [text('secret')]);
    expect(JSON.stringify(digest.records)).not.toContain('secret');
  });
});
