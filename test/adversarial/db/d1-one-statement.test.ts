import { describe, expect, it } from 'vitest';
import { errorOf, everything, plain, workbench } from '../../gates/db/workbench.ts';

/** CWE-89. */
describe('D1 several statements: a statement that is followed by', () => {
  const tails = [
    '; delete from audit',
    ';delete from audit;',
    '; -- x\n delete from audit',
    '; /* ; */ delete from audit',
    ';/**/;delete from audit',
    ';\0delete from audit',
    '; ;',
    '; \u00a0 delete from audit',
    `;${'/**/'.repeat(60)}x`,
  ];
  it.each(tails)('%j is refused and changes nothing', async (tail) => {
    const bench = workbench({ allow: everything, schema: "create table audit(what); insert into audit values ('x')" });
    const error = await errorOf(bench.db.query('main', `select what from audit${tail}`, []));
    expect(error).toMatchObject({ tag: 'invalid-statement' });
    expect(await errorOf(bench.db.execute('main', `insert into audit values (1)${tail}`, []))).toMatchObject({
      tag: 'invalid-statement',
    });
    expect(bench.direct((database) => database.prepare('select count(*) as n from audit').get()?.['n'])).toBe(1);
  });

  it.each([
    ';',
    ' ; ',
    ';\n-- the end',
    '; /* the end */ ',
    '-- ; delete from audit',
    '/* ; delete',
    " where what <> ';' or 1",
  ])('%j runs, for it is one', async (tail) => {
    const { db } = workbench({ allow: everything, schema: "create table audit(what); insert into audit values ('x')" });
    expect(plain(await db.query('main', `select what from audit${tail}`, []))).toEqual([['x']]);
  });
});
