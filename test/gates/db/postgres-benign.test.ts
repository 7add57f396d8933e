import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type QueryArrayConfig } from 'pg';
import { describe, expect, it } from 'vitest';
import { postgresWorld, SKIPPED, SCHEMA } from './postgres-bench.ts';
import { everything, plain } from './workbench.ts';

/** One statement a line; lines that start with `--` are headings. */
const STATEMENTS = readFileSync(join(import.meta.dirname, 'postgres-benign.sql'), 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '' && !line.startsWith('--'));

const KINDS = `
  insert into kinds values (-7, 70000, 9007199254740993, 12345678901234567890.123456789, 0.1, 1e300, true, 'ä', 'v',
    '\\x00ff', '2026-02-28', '2026-02-28 12:34:56.123456', '2026-02-28 12:34:56.123456+02', '1 day 2 hours',
    '00000000-0000-4000-8000-000000000001', '{"a": [1, 2]}', '{"b": {"c": null}}', '{1,2,3}');
  insert into kinds(i2, f8) values (1, 'NaN'), (2, '-Infinity');
`;

const AS_TEXT = { getTypeParser: () => (text: string | Buffer) => text };

describe.skipIf(SKIPPED !== undefined)(
  `ordinary statements do through the gate what they do without it ${SKIPPED ?? ''}`,
  () => {
    const world = postgresWorld(SCHEMA + KINDS);

    it('is a corpus of at least 150', () => {
      expect(STATEMENTS.length).toBeGreaterThanOrEqual(150);
    });

    it('and each has the same result', async () => {
      const { db, faults } = world.bench({ allow: everything, target: { recursive: true } });
      const direct = new Client({
        host: world.server().host,
        port: world.server().port,
        user: 'agent',
        database: 'world',
      });
      await direct.connect();
      const setting = "set search_path = pg_catalog, public; set intervalstyle = 'iso_8601'; set timezone = 'UTC'";
      await direct.query(setting);
      const differing: unknown[] = [];
      for (const sql of STATEMENTS) {
        const expected = await direct.query<(string | null)[]>({
          text: sql,
          rowMode: 'array',
          types: AS_TEXT,
          queryMode: 'extended',
        } as QueryArrayConfig); // the types of `pg` do not know `queryMode`;
        const reads = expected.fields.length > 0;
        try {
          if (reads) {
            const rows = plain(await db.query('main', sql, []));
            const shown = rows.map((row) => row.map((value, index) => text(value, expected.fields[index]!.dataTypeID)));
            const same = expected.rows.map((row: (string | null)[]) =>
              row.map((value, index) => real(value, expected.fields[index]!.dataTypeID)),
            );
            if (JSON.stringify(shown) !== JSON.stringify(same)) differing.push([sql, shown, same]);
          } else {
            const { rows } = await db.execute('main', sql, []);
            if (Number(rows) !== expected.rowCount && !/^(insert|delete)/.test(sql))
              differing.push([sql, rows, expected.rowCount]);
          }
        } catch (error) {
          differing.push([sql, (error as { payload?: unknown }).payload ?? error]);
        }
      }
      await direct.end();
      expect(differing).toEqual([]);
      expect(faults).toEqual([]);
    });
  },
);

/** Floating point numbers have several spellings. */
const real = (value: string | null, type: number): string | null =>
  value !== null && (type === 700 || type === 701) ? String(Number(value)) : value;

/** A value as the server writes it. */
function text(value: unknown, type: number): unknown {
  if (value === null) return null;
  if (type === 16) return value === 1n ? 't' : 'f';
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  return typeof value === 'bigint' || typeof value === 'number' ? String(value) : value;
}
