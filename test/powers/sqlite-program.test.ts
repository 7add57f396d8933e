import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { isShortProgram } from '../../host/powers/sqlite-program.ts';

function isShort(sql: string): boolean {
  const database = new DatabaseSync(':memory:');
  database.exec(`
    create table items(id integer primary key, name text, email text unique, n int check (n > 0));
    create table pairs(a text, b text, v, primary key (a, b)) without rowid;
    create table parts(id integer primary key, item references items(id));
    create table noted(what);
    create index parts_item on parts(item);
    create trigger pairs_note after update on pairs begin insert into noted values (new.v); end;
  `);
  const steps = database.prepare(`explain ${sql}`).all();
  database.close();
  return isShortProgram(
    steps.map(({ addr, opcode, p2, p4 }) => ({
      address: Number(addr),
      opcode: String(opcode),
      target: Number(p2),
      detail: String(p4 ?? ''),
    })),
  );
}

it.each([
  'select name from items where id = ?',
  'select * from items where email = ?',
  'select v from pairs where a = ? and b = ?',
  'select p.id, i.name from parts p join items i on i.id = p.item where p.id = ?',
  'select upper(name), case when n > 3 then 1 else 2 end from items where id = ? and (n = 1 or n = 2)',
  'insert into items(name, email, n) values (?, ?, ?)',
  'update parts set item = ? where id = ?',
  'delete from parts where id = ?',
  'select ? + 1, length(?)',
])('a row found by a whole key is short: %s', (sql) => {
  expect(isShort(sql)).toBe(true);
});

it.each([
  'select * from items',
  'select count(*) from items',
  'select * from items where name = ?',
  'select id from parts where item = ? limit 5',
  'select * from items where id in (?, ?)',
  'select * from items order by id limit 1',
  'select a.id from items a, items b, items c',
  'select max(n) from items',
  'select 1 union select 2',
  'select * from json_each(?)',
  'select 1 where ? like ?',
  'select instr(?, ?)',
  'select replace(?, ?, ?)',
  'select json_extract(?, ?)',
  'insert into items(id) select id from parts',
  'update pairs set v = ? where a = ? and b = ?',
  'delete from noted',
  'delete from items where id = ?',
  'drop table noted',
  'create table new(a)',
  'with recursive r(n) as (select 1 union all select n + 1 from r) select n from r',
])('whatever loops, searches or starts more is not: %s', (sql) => {
  expect(isShort(sql)).toBe(false);
});

it('and neither is a program with a step that is not known', () => {
  const step = { target: 0, detail: '' };
  expect(isShortProgram([{ ...step, address: 0, opcode: 'Halt' }])).toBe(true);
  expect(isShortProgram([{ ...step, address: 0, opcode: 'Unheard' }])).toBe(false);
  expect(isShortProgram([{ ...step, address: 0, opcode: 'SeekRowid' }])).toBe(false);
  expect(isShortProgram([])).toBe(false);
});
