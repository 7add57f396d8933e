import { readdirSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { Access } from '../../../host/contracts/request.ts';
import { everything, workbench, type WorkbenchOptions } from '../../gates/db/workbench.ts';
import { DENIED, HOSTILE_SCHEMA, NEVER_SERVED } from './hostile-statements.ts';

/** Everything that is not closed may be read; nothing may be changed. */
function readOpen({ action, resource, attributes }: Access): boolean {
  const columns = [attributes.get('columns') ?? []].flat();
  const beyond =
    resource === 'db:main/closed' ||
    resource === 'db:main/sqlite_schema' ||
    (resource === 'db:main/docs' && columns.includes('body')) ||
    columns.includes('email');
  return action === 'db:select' && !beyond;
}

function contents(database: DatabaseSync): unknown {
  const schema = database.prepare('select type, name, sql from sqlite_schema order by name').all();
  const tables = schema.filter(({ type, name }) => type === 'table' && !String(name).includes('_'));
  return [schema, tables.map(({ name }) => database.prepare(`select * from "${String(name)}"`).all())];
}

/** Tries each one as a query and as a change; returns those that got through, or failed otherwise than they should. */
async function tried(statements: readonly string[], options: WorkbenchOptions, expected: readonly string[]) {
  const bench = workbench({ ...options, schema: HOSTILE_SCHEMA });
  const before = bench.direct(contents);
  const wrong: unknown[] = [];
  for (const sql of statements) {
    for (const call of [bench.db.query, bench.db.execute]) {
      const ended = await call('main', sql, []).then(
        () => 'served',
        (thrown: unknown) => (thrown as { payload: { tag: string } }).payload.tag,
      );
      if (!expected.includes(ended)) wrong.push([sql, ended]);
    }
  }
  await bench.gate.close();
  expect(bench.faults).toEqual([]);
  expect(bench.direct(contents)).toEqual(before);
  expect(readdirSync(bench.folder).sort()).toEqual(['main.db', 'other.db']);
  return wrong;
}

describe('hostile SQL leaves the database as it was', () => {
  it('D1 D3 D4 D8: and is not served where everything is allowed', async () => {
    expect(await tried(NEVER_SERVED, { allow: everything }, ['invalid-statement'])).toEqual([]);
  }, 60_000);

  it('D2 D6 D7: and is denied where it goes beyond the rules', async () => {
    // What is not SQL at all may be told to anybody.
    expect(await tried(DENIED, { allow: readOpen }, ['denied', 'invalid-statement'])).toEqual([]);
  }, 60_000);

  it('in three hundred statements and more', () => {
    expect(NEVER_SERVED.length + DENIED.length).toBeGreaterThan(300);
  });
});
