import { describe, expect, it } from 'vitest';
import type { Access } from '../../../host/contracts/request.ts';
import { errorOf, workbench } from '../../gates/db/workbench.ts';

const allowId = ({ resource, attributes }: Access): boolean =>
  resource === 'db:main/t' && [attributes.get('columns')].flat().every((column) => column === 'id');

/** CWE-367: the schema changes after a statement was prepared and decided. */
describe('D2 a column beyond the rule: a statement whose schema changes', () => {
  const options = { schema: 'create table t(id); insert into t values (1)', statements: { all: 'select * from t' } };

  it('is decided again on what it would do now, wherever it runs', async () => {
    const bench = workbench({ ...options, allow: allowId });
    expect((await bench.db.query('main', 'select * from t', [])).columns).toEqual(['id']);
    expect((await bench.db.queryNamed('main', 'all', [])).columns).toEqual(['id']);
    bench.direct((database) => database.exec("alter table t add column secret default 'hidden'"));
    expect(await errorOf(bench.db.query('main', 'select * from t', []))).toMatchObject({ tag: 'denied' });
    expect(await errorOf(bench.db.queryNamed('main', 'all', []))).toMatchObject({ tag: 'denied' });
    expect(JSON.stringify(bench.records)).not.toContain('hidden');
  });

  it('does not fire a trigger that was not there when it was decided', async () => {
    const bench = workbench({
      ...options,
      allow: ({ action, resource }) => action === 'db:insert' && resource === 'db:main/t',
    });
    await bench.db.execute('main', 'insert into t values (2)', []);
    bench.direct((database) =>
      database.exec('create table log(a); create trigger g after insert on t begin insert into log values (1); end'),
    );
    expect(await errorOf(bench.db.execute('main', 'insert into t values (3)', []))).toMatchObject({ tag: 'denied' });
    expect(bench.direct((database) => database.prepare('select count(*) as n from log').get()?.['n'])).toBe(0);
  });

  it('goes on where it still does the same', async () => {
    const bench = workbench({ ...options, allow: () => true });
    await bench.db.query('main', 'select id from t', []);
    bench.direct((database) => database.exec('create table u(a)'));
    expect((await bench.db.query('main', 'select id from t', [])).rows).toHaveLength(1);
    bench.direct((database) => database.exec('alter table t add column b'));
    expect((await bench.db.query('main', 'select * from t', [])).columns).toEqual(['id', 'b']);
  });
});
