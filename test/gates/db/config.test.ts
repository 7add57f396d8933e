import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { createDbConfig, type DbConfig } from '../../../host/gates/db/config.ts';
import { createPathProbe } from '../../../host/powers/path-probe.ts';
import { createSqliteInspector } from '../../../host/powers/sqlite-inspector.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-db-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const database = new DatabaseSync(join(folder, 'main.db'));
database.exec('create table t(a); create table u(b)');
database.close();
writeFileSync(join(folder, 'text.db'), 'not a database '.repeat(1000));

const config = createDbConfig(createSqliteInspector());

function resolve(raw: unknown): { config: DbConfig; problems: string[] } {
  const problems: string[] = [];
  const resolved = config.resolve(config.schema.parse(raw), {
    directory: folder,
    probe: createPathProbe(),
    problem: (path, message) => problems.push(`${path.join('.')}: ${message}`),
  });
  return { config: resolved, problems };
}

describe('the configuration of databases', () => {
  it('is read-only and bounded unless it says otherwise', () => {
    const { config: resolved, problems } = resolve({
      main: { sqlite: 'main.db', statements: { one: 'select a from t' } },
    });
    expect(problems).toEqual([]);
    expect(resolved.databases.get('main')).toEqual({
      target: {
        kind: 'sqlite',
        path: join(folder, 'main.db'),
        writable: false,
        recursive: false,
        maxBytes: 8 * 1024 * 1024,
        maxFileBytes: 1024 ** 3,
      },
      statements: new Map([['one', 'select a from t']]),
      maxRows: 10_000,
      timeoutMs: 5_000,
    });
    expect(structuredClone(resolved)).toEqual(resolved);
  });

  it.each([
    ['absent.db', 'databases.main.sqlite: `absent.db` does not exist'],
    ['.', 'databases.main.sqlite: `.` is not a file'],
    ['text.db', 'databases.main.sqlite: `text.db` is not an SQLite database'],
  ])('reports a file that is none: %s', (sqlite, problem) => {
    expect(resolve({ main: { sqlite } }).problems).toEqual([problem]);
  });

  it.each([
    ['select a from nowhere', 'no such table or column, or not used as it is defined'],
    ['select a from t; select b from u', 'not exactly one statement'],
    ['selec', 'syntax error'],
    ["attach 'x' as y", 'this kind of statement, or a function in it, is not served'],
    [
      'with recursive r(n) as (select 1 union all select n from r) select n from r',
      'this kind of statement, or a function in it, is not served',
    ],
  ])('reports a statement that could never run: %s', (sql, message) => {
    const { problems } = resolve({ main: { sqlite: 'main.db', statements: { it: sql } } });
    expect(problems).toEqual([`databases.main.statements.it: ${message}`]);
  });

  it.each([
    { Main: { sqlite: 'main.db' } },
    { main: { sqlite: 'main.db', acess: 'rw' } },
    { main: { sqlite: 'main.db', access: 'admin' } },
    { main: { sqlite: 'main.db', maxRows: 0 } },
    { main: { sqlite: 'main.db', timeoutMs: 3_600_000 } },
    { main: {} },
  ])('does not fit its schema: %j', (raw) => {
    expect(config.schema.safeParse(raw).success).toBe(false);
  });
});
