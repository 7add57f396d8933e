import { describe, expect, it } from 'vitest';
import type { Access } from '../../../host/contracts/request.ts';
import { errorOf, workbench, type WorkbenchOptions } from '../../gates/db/workbench.ts';

/** The answer without the decision's number, which differs each time. */
async function answerTo(sql: string, options: WorkbenchOptions): Promise<unknown> {
  const bench = workbench(options);
  const error = await errorOf(bench.db.query('main', sql, []));
  expect(bench.records.length).toBeGreaterThan(0);
  return error.tag === 'denied' ? { ...error, val: { ...error.val, decision: '' } } : error;
}

/** CWE-209: learning from refusals what may not be read. */
describe('D7 error oracle: what a guest may not read answers like what is not there', () => {
  const policies: readonly (readonly [string, (access: Access) => boolean])[] = [
    ['under a policy that allows nothing', () => false],
    [
      'under a policy that allows other columns',
      ({ attributes }) => [attributes.get('columns')].flat().every((name) => name === 'id'),
    ],
  ];
  describe.each(policies)('%s', (_, allow) => {
    it.each([
      ['select email from customers', 'select absent from customers'],
      ['select id from customers where email = 1', 'select id from customers where absent = 1'],
      ['select note from orders', 'select note from nowhere'],
      ['select load_extension(1), email from customers', 'select load_extension(1), absent from customers'],
      ['select email, load_extension(1) from customers', 'select absent, load_extension(1) from customers'],
      ['select email from customers; x', 'select absent from customers; x'],
      ['update customers set email = 1', 'update customers set absent = 1'],
      ['select email, ? from customers', 'select absent, ? from customers'],
      ['attach (select email from customers) as x', 'attach (select absent from customers) as x'],
    ])('%s', async (there, absent) => {
      const denied = { tag: 'denied', val: { reason: 'no-rule' } };
      expect(await answerTo(there, { allow })).toMatchObject(denied);
      expect(await answerTo(absent, { allow })).toEqual(await answerTo(there, { allow }));
    });
  });

  it('while one that may read the schema is told', async () => {
    const allow = ({ resource }: Access): boolean => resource === 'db:main/sqlite_schema';
    expect(await answerTo('select absent from customers', { allow })).toMatchObject({ tag: 'invalid-statement' });
  });

  it('and no text of the engine, of the policy or of the disk reaches the guest', async () => {
    const bench = workbench({ allow: () => true });
    for (const sql of [
      'select absent from customers',
      'select ~',
      'insert into customers(id) values (1)',
      'select abs(1, 2)',
      'delete from order_totals',
    ]) {
      const error = JSON.stringify(await errorOf(bench.db.execute('main', sql, [])));
      expect(error).not.toMatch(/customers|absent|abs\(|SQLITE|\/tmp/);
    }
  });
});
