import { describe, expect, it } from 'vitest';
import { asked, errorOf, everything, workbench } from '../../gates/db/workbench.ts';

const SCHEMA = 'create table closed(id integer primary key, text text); create table open(id integer primary key)';

/** A new name brings data under other rules: whoever gives it must be allowed to read it all and to write it again. */
describe('D2 a column beyond the rule: renaming', () => {
  it('a table is decided as reading, deleting and inserting all of it, under both names', async () => {
    const seen: string[] = [];
    const bench = workbench({ schema: SCHEMA, allow: (access) => seen.push(...asked([access])) > 0 });
    await bench.db.execute('main', 'alter table closed rename to "Opened Now"', []);
    expect(seen).toEqual([
      'db:schema db:main/closed',
      'db:schema db:main/opened%20now',
      'db:delete db:main/closed id,text',
      'db:insert db:main/opened%20now id,text',
      'db:select db:main/closed id,text',
    ]);
    expect(bench.direct((database) => database.prepare('select * from "Opened Now"').all())).toEqual([]);
  });

  it('a column is decided as reading and changing all of its table', async () => {
    const seen: string[] = [];
    const { db } = workbench({ schema: SCHEMA, allow: (access) => seen.push(...asked([access])) > 0 });
    await db.execute('main', 'alter table closed rename column text to id2', []);
    expect(seen).toEqual([
      'db:schema db:main/closed',
      'db:update db:main/closed id,text',
      'db:select db:main/closed id,text',
    ]);
  });

  it.each(['db:select', 'db:delete', 'db:insert'])('a table is denied without %s', async (action) => {
    const { db } = workbench({ schema: SCHEMA, allow: (access) => access.action !== action });
    expect(await errorOf(db.execute('main', 'alter table closed rename to opened', []))).toMatchObject({
      tag: 'denied',
    });
  });

  it.each([
    'alter table closed rename to /* opened */ other /* rename to opened */',
    'alter table closed rename to other -- rename to opened',
  ])('does not happen where the new name is not plain: %s', async (sql) => {
    const bench = workbench({ schema: SCHEMA, allow: everything });
    await errorOf(bench.db.execute('main', sql, []));
    expect(bench.direct((database) => database.prepare('select count(*) as n from closed').get())).toEqual({ n: 0 });
  });
});
