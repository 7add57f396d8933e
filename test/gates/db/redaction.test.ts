import { describe, expect, it } from 'vitest';
import { ownDetector } from '../../redaction/own-detector.ts';
import { workbench } from './workbench.ts';

const everything = { allow: () => true };
const detectors = ownDetector('personal', { columns: ['customers.email', 'salary'] });
const byColumn = () => workbench({ ...everything, obligations: { redact: ['personal'] }, detectors });
const byText = () => workbench({ ...everything, obligations: { redact: ['card', 'email'] } });
const text = (val: string) => ({ tag: 'text', val }) as const;
const MARK = text('[redacted:personal]');
const redacted = ({ records }: ReturnType<typeof workbench>) =>
  records.flatMap(({ outcome }) => outcome?.discharged?.['redact'] ?? []);

describe('rows under redact', () => {
  it('lose the columns that the configuration names', async () => {
    const bench = byColumn();
    const { rows } = await bench.db.query('main', 'select id, name, email from customers', []);
    expect(rows).toEqual([
      [{ tag: 'integer', val: 1n }, text('Ada'), MARK],
      [{ tag: 'integer', val: 2n }, text('Bob'), MARK],
    ]);
    expect(redacted(bench)).toEqual([{ personal: 2 }]);
  });

  it.each([
    ['another name', 'select email as id from customers'],
    ['two names', 'select email, email as name from customers'],
    ['an expression', 'select upper(email) from customers'],
    ['a part of it', 'select substr(email, 1, 3) as total from customers'],
    ['a subquery', 'select (select email from customers where id = 1) as x'],
    ['a query inside', 'select y from (select email as y from customers)'],
    ['a comparison', "select id, email like 'a%' as hit from customers"],
    ['a union, behind another column', 'select name from customers union all select email from customers'],
    [
      'a common table',
      'with t(name) as (select name from customers union select email from customers) select name from t',
    ],
    ['a view of a union', 'select name from everything'],
    ['a view that is named beside its table', 'select name from everything /* customers */ where 1'],
    ['a name that is said to be masked', 'select name as salary from customers'],
  ])('show nothing of them under %s', async (_, sql) => {
    const bench = byColumn();
    bench.direct((database) => {
      database.exec('create view everything as select name from customers union all select email from customers');
    });
    const { rows } = await bench.db.query('main', sql, []);
    const shown = rows.flat().map((value) => (value.tag === 'text' ? value.val : ''));
    expect(shown).toContain('[redacted:personal]');
    expect(JSON.stringify(shown)).not.toMatch(/ada|bob|ADA/);
  });

  it('lose what their text shows, in texts, numbers, JSON and bytes', async () => {
    const bench = byText();
    bench.direct((database) => {
      database.exec('create table t(a text, b integer, c text, d blob)');
      database
        .prepare('insert into t values (?, ?, ?, ?)')
        .run(
          'to ada@example.com',
          4111111111111111n,
          '{"m":"ada\\u0040example.com"}',
          Buffer.from('x ada@example.com'),
        );
    });
    const { rows } = await bench.db.query('main', 'select * from t', []);
    expect(rows).toEqual([
      [
        text('to [redacted:email]'),
        text('[redacted:card]'),
        text('{"m":"[redacted:email]"}'),
        text('x [redacted:email]'),
      ],
    ]);
    expect(redacted(bench)).toEqual([{ card: 1, email: 3 }]);
  });

  it('lose a column of any table, whatever signs its name has', async () => {
    const any = ownDetector('any', { columns: ['email'] });
    const bench = workbench({ ...everything, obligations: { redact: ['any'] }, detectors: any });
    bench.direct((database) => {
      database.exec(
        `create table "we.ird"(id integer, email text); insert into "we.ird" values (1, 'ada@example.test')`,
      );
    });
    const { rows } = await bench.db.query('main', 'select id, email as x from "we.ird"', []);
    expect(rows).toEqual([[{ tag: 'integer', val: 1n }, text('[redacted:any]')]]);
  });

  it('keep what is nothing: a null, and every other column', async () => {
    const bench = byColumn();
    bench.direct((database) => database.exec('update customers set email = null'));
    const { rows } = await bench.db.query('main', 'select email, name from customers where id = 1', []);
    expect(rows).toEqual([[{ tag: 'null' }, text('Ada')]]);
  });
});

describe('a change under redact', () => {
  it.each([
    ['into another table', 'insert into audit select email from customers'],
    ['into another column', 'update customers set name = email'],
    ['and returns it', "update customers set name = 'x' returning email as name"],
    ['for a trigger', "update customers set name = 'x'"],
  ])('is refused where it reads a masked column %s', async (_, sql) => {
    const bench = byColumn();
    bench.direct((database) =>
      database.exec(
        `create trigger copies after update of name on customers begin insert into audit values(new.email); end`,
      ),
    );
    await expect(bench.db.execute('main', sql, [])).rejects.toMatchObject({ payload: { tag: 'denied' } });
    expect(bench.direct((database) => database.prepare('select * from audit').all())).toEqual([]);
  });

  it('is done where it writes a masked column', async () => {
    const bench = byColumn();
    await bench.db.execute('main', 'update customers set email = ? where id = 1', [text('eve@x.test')]);
    expect(bench.direct((database) => database.prepare('select email from customers where id = 1').get())).toEqual({
      email: 'eve@x.test',
    });
  });

  it('writes its parameters masked', async () => {
    const bench = byText();
    await bench.db.execute('main', 'update orders set note = ? where id = 10', [text('for ada@example.com')]);
    expect(bench.direct((database) => database.prepare('select note from orders where id = 10').get())).toEqual({
      note: 'for [redacted:email]',
    });
    expect(redacted(bench)).toEqual([{ email: 1 }]);
  });

  it('is denied where its own text shows a find, or a parameter is no text', async () => {
    const bench = byText();
    const inText = bench.db.execute('main', "update orders set note = 'ada@example.com'", []);
    await expect(inText).rejects.toMatchObject({ payload: { tag: 'denied' } });
    const binary = bench.db.execute('main', 'update orders set note = ?', [{ tag: 'blob', val: Buffer.from([0, 1]) }]);
    await expect(binary).rejects.toMatchObject({ payload: { tag: 'denied' } });
    expect(bench.direct((database) => database.prepare('select note from orders where id = 10').get())).toEqual({
      note: 'first',
    });
  });
});
