import { readdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { errorOf, everything, workbench } from '../../gates/db/workbench.ts';

/** What this build of SQLite has beside the functions that are served, without those of its virtual tables. */
const REFUSED = [
  'bm25',
  'highlight',
  'load_extension',
  'match',
  'matchinfo',
  'offsets',
  'optimize',
  'snippet',
  'sqlite_compileoption_get',
  'sqlite_compileoption_used',
  'sqlite_log',
  'sqlite_source_id',
];

/** Other files, settings, extensions, virtual tables, functions. */
describe('D3 doors of the engine: a statement that leads out of the database is not served, whatever policy says', () => {
  it.each([
    "attach 'FOLDER/new.db' as x",
    "attach (select 'FOLDER/new.db') as x",
    'detach main',
    'vacuum',
    "vacuum into 'FOLDER/new.db'",
    "explain vacuum into 'FOLDER/new.db'",
    'pragma writable_schema = on',
    'pragma journal_mode = wal',
    'pragma user_version = 7',
    'pragma main.temp_store_directory = "FOLDER"',
    'pragma trusted_schema = on',
    'pragma foreign_keys = off',
    'pragma database_list',
    'select * from pragma_database_list',
    'select * from pragma_journal_mode',
    "select load_extension('FOLDER/x.so')",
    "select fts3_tokenizer('simple')",
    'select sqlite_compileoption_get(0)',
    'select sqlite_log(1, 1)',
    'select * from dbstat',
    'select * from sqlite_dbpage',
    'create virtual table v using fts5(a)',
    'create temp table t(a)',
    'create temp view t as select 1',
    'create temp trigger t after insert on audit begin select 1; end',
    'select * from sqlite_temp_master',
    "insert into sqlite_master values ('table', 't', 't', 1, 'create table t(a)')",
    "update sqlite_schema set sql = ''",
    'delete from sqlite_master',
    'analyze',
    'reindex',
    'begin',
    'savepoint a',
  ])('%s', async (template) => {
    const bench = workbench({ allow: everything });
    const sql = template.replace('FOLDER', bench.folder);
    const before = readdirSync(bench.folder).sort();
    for (const call of [bench.db.query, bench.db.execute]) {
      expect(await errorOf(call('main', sql, []))).toMatchObject({ tag: 'invalid-statement' });
    }
    await bench.gate.close();
    expect(readdirSync(bench.folder).sort()).toEqual(before);
    expect(bench.faults).toEqual([]);
    const schema = bench.direct((database) => database.prepare('select count(*) as n from sqlite_schema').get()?.['n']);
    expect(schema).toBe(5);
  });

  it('through a declared statement neither', async () => {
    const bench = workbench({
      allow: everything,
      statements: { out: "attach 'x.db' as x", into: "vacuum into 'x.db'" },
    });
    for (const name of ['out', 'into']) {
      expect(await errorOf(bench.db.executeNamed('main', name, []))).toMatchObject({ tag: 'invalid-statement' });
    }
  });

  it('and of all functions of the engine, these are refused', async () => {
    const functions = new DatabaseSync(':memory:').prepare('select name, narg from pragma_function_list').all();
    const refused = new Set<string>();
    const { db, faults } = workbench({ allow: everything });
    for (const { name, narg } of functions) {
      const values = Array.from({ length: Math.max(1, Number(narg)) }, () => 'null').join(', ');
      const answer = await db
        .query('main', `select "${String(name)}"(${narg === 0 ? '' : values})`, [])
        .catch((error: unknown) => error);
      if (JSON.stringify(answer, (_, value: unknown) => (typeof value === 'bigint' ? 0 : value)).includes('not served'))
        refused.add(String(name));
    }
    expect(faults).toEqual([]);
    expect([...refused].filter((name) => !/^(geopoly_|rtree|fts)/.test(name)).sort()).toEqual(REFUSED);
    expect([...refused]).toEqual(expect.arrayContaining(['fts3_tokenizer', 'rtreecheck', 'geopoly_debug']));
  });

  it('while the safe questions and functions are served', async () => {
    const { db } = workbench({ allow: everything });
    const served = [
      'pragma table_info(orders)',
      "select name from pragma_table_info('orders')",
      "select json_extract('{\"a\":1}', '$.a'), upper('x'), datetime('now'), random(), replace('a', 'a', 'b')",
      "select value from json_each('[1,2]')",
      'select count(*), max(total) from orders',
    ];
    for (const sql of served) expect((await db.query('main', sql, [])).rows.length).toBeGreaterThan(0);
    await db.execute('main', 'drop table if exists absent', []);
  });
});

describe('D3 doors of the engine: a view of the schema', () => {
  it('cannot call what a statement cannot', async () => {
    const schema = "create table t(a); create view v as select load_extension('x.so') as a";
    const { db } = workbench({ allow: everything, schema });
    expect(await errorOf(db.query('main', 'select a from v', []))).toMatchObject({ tag: 'invalid-statement' });
  });
});
