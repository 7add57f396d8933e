import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { asked, errorOf, everything, plain, workbench } from '../../gates/db/workbench.ts';

const SCHEMA = `
  create table t(a);
  create view v as select a from t;
  create virtual table docs using fts5(title, body);
  insert into docs values ('one', 'hidden');
  insert into t values (1);
`;
const SEARCH = "select v.a, title from v, docs where docs match 'hidden'";

/** Full-text tables keep their things in tables of their own, and open these while a search runs. */
describe('D3 virtual and shadow tables: a full-text table', () => {
  it.each(["select title from docs where title = 'one'", "select title from docs('hidden')", 'select rank from docs'])(
    'is read as a whole: %s',
    async (sql) => {
      const seen: string[] = [];
      const { db } = workbench({ schema: SCHEMA, allow: (access) => seen.push(...asked([access])) > 0 });
      await db.query('main', sql, []);
      expect(seen).toEqual(['db:select db:main/docs body,docs,rank,title']);
    },
  );

  it('can be emptied by an insert, so an insert needs every right', async () => {
    const { db } = workbench({ schema: SCHEMA, allow: ({ action }) => action !== 'db:delete' });
    const sql = "insert into docs (docs) values ('delete-all')";
    expect(await errorOf(db.execute('main', sql, []))).toMatchObject({ tag: 'denied' });
  });

  it('opens what is inside to nobody else: not to a view that has come to name it', async () => {
    const bench = workbench({ schema: SCHEMA, allow: ({ resource }) => resource !== 'db:main/docs_content' });
    expect(plain(await bench.db.query('main', SEARCH, []))).toEqual([[1n, 'one']]);
    const other = new DatabaseSync(bench.path);
    other.exec('drop view v; create view v as select c1 as a from docs_content');
    other.close();
    expect(await errorOf(bench.db.query('main', SEARCH, []))).toMatchObject({ tag: 'denied' });
  });

  it('of which the content lies in another table is not searched past the rules of that', async () => {
    const schema = `create table closed(id integer primary key, text text); insert into closed values (1, 'secret');
      create virtual table docs using fts5(text, content=closed, content_rowid=id); insert into docs(docs) values ('rebuild')`;
    const bench = workbench({ schema, allow: everything });
    expect(await errorOf(bench.db.query('main', "select text from docs where docs match 'secret'", []))).toBeDefined();
    expect(bench.faults).toEqual([]);
  });
});
