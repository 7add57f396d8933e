import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { databaseContents, makeBed, makeWorld, tree, verdictOf, verified, type Call } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const ROWS = [
  'p, role:any, db:*, db:main/closed, -, deny, -',
  'p, agent:tester, db:select, db:main/open, -, allow, rows=100',
];

const SCHEMA_READS = [
  'sqlite_schema',
  'sqlite_master',
  'sqlite_temp_schema',
  "pragma_table_info('closed')",
  'pragma_table_list',
  'dbstat',
  "json_each('[1]')",
  "fsdir('/')",
  'closed',
  '"closed"',
  '[closed]',
  '`closed`',
  'CLOSED',
  'main.closed',
  'temp.closed',
  '(closed)',
  '(select * from closed)',
];
const WRAPS = [
  (from: string) => `select * from ${from}`,
  (from: string) => `select 1 from open where exists (select 1 from ${from})`,
  (from: string) => `with x as (select * from ${from}) select * from x`,
  (from: string) => `with recursive x(n) as (select 1 union all select n from x join ${from}) select * from x`,
  (from: string) => `select (select text from ${from} limit 1)`,
  (from: string) => `select * from open union all select * from ${from}`,
  (from: string) => `select * from open order by (select text from ${from})`,
  (from: string) => `select * from open limit (select count(*) from ${from})`,
  (from: string) => `values ((select count(*) from ${from}))`,
  (from: string) => `explain select * from ${from}`,
  (from: string) => `select * from open -- \n natural join ${from}`,
  (from: string) => `select /* ; */ * from open a, ${from} b`,
  (from: string) => `select iif(1, (select max(text) from ${from}), 0) from open`,
  (from: string) => `select group_concat(text) over () from ${from}`,
  (from: string) => `select * from open where (id, text) in ${from}`,
];
const CHANGES = [
  'insert into open (text) values (1)',
  'insert into open select * from closed',
  'update open set text = 1',
  'delete from open',
  'delete from closed',
  'replace into open values (1, 2)',
  'insert into open values (1, 2) on conflict do update set text = (select text from closed)',
  'update open set text = closed.text from closed',
  'delete from open returning (select text from closed)',
  'drop table open',
  'alter table open rename to x',
  'alter table open add column y',
  'create table x (y)',
  'create temp table x as select * from closed',
  'create view v as select * from closed',
  'create temp view v as select * from closed',
  'create trigger t after insert on open begin delete from closed; end',
  'create temp trigger t after insert on open begin delete from closed; end',
  'create index i on open (text)',
  'create virtual table v using fts5(x)',
  'create virtual table temp.v using fts5(x)',
  "attach 'other.sqlite' as o",
  "attach ':memory:' as o",
  'detach main',
  'vacuum',
  "vacuum into '/tmp/sallyport-never'",
  'reindex',
  'analyze',
  'begin',
  'commit',
  'rollback',
  'savepoint x',
  'release x',
  'pragma writable_schema = on',
  'pragma journal_mode = off',
  'pragma user_version = 7',
  'pragma table_info(closed)',
  'pragma query_only = 0',
  'pragma foreign_keys',
  'pragma trusted_schema = on',
  'pragma temp_store_directory = "/"',
  "select load_extension('/x')",
  "select readfile('/etc/passwd')",
  "select writefile('x', 'y')",
  "select edit('x')",
  "select fts3_tokenizer('x')",
  'select randomblob(1000000000)',
  'select zeroblob(1000000000)',
  "select printf('%1000000000d', 1)",
  "select replace(hex(zeroblob(1000000)), '0', hex(zeroblob(1000000)))",
  'select 1; delete from open',
  'delete from open; select 1',
  ';',
  '',
  ' ',
  '-- nothing',
  '/* open',
  "select 'open",
  'select "closed"',
  'select * from open;;',
  'select * from open\u0000; delete from open',
  '\ufeffselect * from open',
  'select * from open where id = ?999999',
  'select :x',
  'select $x, @y, ?1',
  'select * from nothing',
  'select * from open where "__proto__" = 1',
  'select 1 as "__proto__", 2 as "constructor"',
  `select ${'('.repeat(2000)}1${')'.repeat(2000)}`,
  `select ${'1,'.repeat(5000)}1`,
  `select * from ${Array.from({ length: 70 }, (_, at) => `open a${at}`).join()}`,
  `select '${'x'.repeat(3_000_000)}'`,
];

it('reads and changes nothing outside of the rules, whatever a statement looks like', async () => {
  world = makeWorld({ rows: ROWS });
  const { see } = await makeBed(world);
  const file = join(world.directory, 'main.sqlite');
  const [contents, files] = [databaseContents(file), tree(world.directory, '.sallyport', 'main.sqlite')];
  const texts = [...SCHEMA_READS.flatMap((from) => WRAPS.map((wrap) => wrap(from))), ...CHANGES];
  const calls = texts.flatMap((text): Call[] => [
    ['db.query', 'main', text, []],
    ['db.execute', 'main', text, []],
    ['db.queryNamed', 'main', text, []],
    ['db.executeNamed', text, text, []],
  ]);
  const transactions = texts.flatMap((text): Call[] => [
    ['db.begin', 'main'],
    ['handle.execute', text, []],
    ['handle.query', text, []],
    ['handle.commit'],
    ['handle.rollback'],
  ]);
  expect(texts.length).toBeGreaterThan(300);
  const seen = await see([...calls, ...transactions]);
  const kinds = new Map<string, number>();
  for (const verdict of seen.map(verdictOf)) kinds.set(verdict, (kinds.get(verdict) ?? 0) + 1);
  const known =
    /^(ok|denied:(no-rule|forbidden-by-rule|protected-resource)|unknown-database|unknown-statement|invalid-statement|constraint-violation|too-large|timed-out|transaction-over)$/;
  expect([...kinds.keys()].filter((kind) => !known.test(kind))).toEqual([]);
  expect(JSON.stringify(seen)).not.toMatch(/secret-\d|create table|root:/i);
  expect(databaseContents(file)).toBe(contents);
  expect(tree(world.directory, '.sallyport', 'main.sqlite')).toEqual(files);
  expect(verified(world.records().at(-1) ?? '').ok).toBe(true);
}, 60_000);

it('reads what the rules allow', async () => {
  world = makeWorld({ rows: ROWS });
  const { see } = await makeBed(world);
  const [seen] = await see([
    ['db.query', 'main', 'select text, 1 as "__proto__", 2 as constructor from open order by id', []],
  ]);
  expect(seen?.ok).toMatchObject({
    columns: ['text', '__proto__', 'constructor'],
    rows: [
      [{ val: 'a' }, {}, {}],
      [{ val: 'b' }, {}, {}],
    ],
  });
});
