import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BENIGN, BENIGN_SCHEMA } from './benign-statements.ts';
import { everything, plain, workbench } from './workbench.ts';

/** What a statement comes to, in the form of the WIT: rows as plain values, or the number of changed rows. */
function directly(
  database: DatabaseSync,
  sql: string,
): { readonly mode: 'query' | 'execute'; readonly answer: unknown } {
  const statement = database.prepare(sql, { readBigInts: true, returnArrays: true });
  if (statement.columns().length > 0) return { mode: 'query', answer: statement.all() };
  const { changes } = statement.run();
  return { mode: 'execute', answer: changes };
}

/** The number that `run` tells means something for these only. */
const CHANGES_ROWS = /^\s*(with|insert|update|delete|replace)\b/i;

describe('ordinary SQL is served, and does what SQLite does', () => {
  it.each(BENIGN)('%s', async (_, statements) => {
    const bench = workbench({ allow: everything, schema: BENIGN_SCHEMA, recursive: true });
    const twin = new DatabaseSync(join(bench.folder, 'twin.db'));
    twin.exec(BENIGN_SCHEMA);
    const different: unknown[] = [];
    for (const sql of statements) {
      const { mode, answer } = directly(twin, sql);
      try {
        if (mode === 'query') expect(plain(await bench.db.query('main', sql, []))).toEqual(answer);
        else {
          const { rows } = await bench.db.execute('main', sql, []);
          if (CHANGES_ROWS.test(sql)) expect(rows).toBe(answer);
        }
      } catch (error) {
        different.push([sql, error instanceof Error ? error.message : error]);
      }
    }
    expect(different).toEqual([]);
    expect(bench.faults).toEqual([]);
    const content = (database: DatabaseSync): unknown =>
      database
        .prepare("select name from sqlite_schema where type = 'table' and name not like 'docs_%' order by name")
        .all()
        .map(({ name }) => [name, database.prepare(`select * from "${String(name)}"`).all()]);
    expect(bench.direct(content)).toEqual(content(twin));
    twin.close();
  });

  it('in three hundred statements and more', () => {
    expect(BENIGN.flatMap(([, statements]) => statements).length).toBeGreaterThan(300);
  });
});
