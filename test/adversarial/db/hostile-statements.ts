/**
 * SQL that must not succeed. `closed` holds what nobody may read, `customers.email` is beyond every rule, and nothing may
 * be changed; everything else may be read.
 */

/** What they are aimed at. */
export const HOSTILE_SCHEMA = `
  create table customers(id integer primary key, name text not null, email text);
  create table orders(id integer primary key, customer_id integer references customers(id), total real, note text);
  create table closed(id integer primary key, text text);
  create table audit(what text);
  create view emails as select email from customers;
  create view both as select id, email from customers;
  create trigger orders_audit after update on orders begin insert into audit select email from customers; end;
  create virtual table docs using fts5(title, body);
  create virtual table boxes using rtree(id, low, high);
  insert into customers values (1, 'Ada', 'ada@example.test'), (2, 'Bob', 'bob@example.test');
  insert into orders values (10, 1, 2.5, 'first'), (11, 2, 7.25, 'second');
  insert into closed values (1, 'secret');
  insert into docs values ('open', 'hidden body');
`;

/** Refused whatever the policy says: they lead out of the database, or into the engine. */
export const NEVER_SERVED: readonly string[] = [
  ...['attach', 'attach database'].flatMap((verb) =>
    ["'new.db'", "'file:new.db?mode=rwc'", "':memory:'", "''", "'new' || '.db'", "(select 'new.db')", 'x'].map(
      (file) => `${verb} ${file} as other`,
    ),
  ),
  'attach null as n',
  'detach main',
  'detach database temp',
  'vacuum',
  'vacuum main',
  "vacuum into 'new.db'",
  "vacuum main into 'new.db'",
  "vacuum into (select 'new.db')",
  "explain vacuum into 'new.db'",
  "explain query plan attach 'new.db' as x",
  ...`writable_schema = 1 | writable_schema | journal_mode | journal_mode = wal | journal_mode = off | synchronous = off | user_version
      user_version = 5 | application_id = 1 | schema_version = 9 | foreign_keys = off | trusted_schema = on | recursive_triggers = on
      temp_store = file | temp_store_directory = '/tmp' | data_store_directory = '/tmp' | mmap_size = 100000000 | cache_size = -1000000
      max_page_count = 1000000000 | page_size = 512 | auto_vacuum = full | incremental_vacuum | wal_checkpoint(truncate) | optimize
      integrity_check | quick_check | foreign_key_check | database_list | collation_list | function_list | module_list | pragma_list
      compile_options | data_version | freelist_count | page_count | encoding | locking_mode = exclusive | secure_delete = off
      soft_heap_limit = 0 | hard_heap_limit = 0 | busy_timeout = 0 | threads = 8 | query_only = 0 | read_uncommitted = 1 | cell_size_check = off
      ignore_check_constraints = on | legacy_alter_table = on | defer_foreign_keys = on | case_sensitive_like = on | reverse_unordered_selects = on
      shrink_memory | analysis_limit = 5 | automatic_index = off | checkpoint_fullfsync = 1 | journal_size_limit = 1 | stats | parser_trace = 1
      vdbe_trace = 1 | lock_status | temp.table_info(x) | main.writable_schema = on | "writable_schema" = on | WRITABLE_SCHEMA=ON`
    .split(/ \| |\n/)
    .map((pragma) => `pragma ${pragma.trim()}`),
  ...[
    'database_list',
    'journal_mode',
    'compile_options',
    'function_list',
    'module_list',
    'page_count',
    'integrity_check',
    'user_version',
  ].map((name) => `select * from pragma_${name}`),
  ...`load_extension('x') | load_extension('x', 'y') | fts3_tokenizer('simple') | sqlite_compileoption_get(0)
      sqlite_compileoption_used('X') | sqlite_log(1, 'x') | sqlite_source_id() | rtreecheck('boxes') | rtreedepth(x'00') | fts5_source_id()
      fts5(1) | sqlite_rename_table(1, 2, 3, 4, 5, 6, 7) | sqlite_drop_column(1, 2, 3) | optimize(docs)
      matchinfo(docs) | offsets(docs) | geopoly_json(1)`
    .split(/ \| |\n/)
    .map((call) => `select ${call.trim()} from docs`),
  ...[
    'dbstat',
    'sqlite_dbpage',
    'sqlite_stmt',
    'sqlite_temp_master',
    'sqlite_temp_schema',
    'temp.sqlite_master',
    'bytecode(1)',
    'tables_used(1)',
  ].map((table) => `select * from ${table}`),
  ...[
    'docs_data',
    'docs_idx',
    'docs_content',
    'docs_docsize',
    'docs_config',
    'DOCS_CONTENT',
    'main.docs_content',
    'boxes',
    'boxes_node',
    'boxes_rowid',
    'boxes_parent',
  ].map((table) => `select * from ${table}`),
  'insert into docs_content values (9, 1, 1)',
  'delete from docs_data',
  'update boxes set low = 1',
  'drop table docs_content',
  'drop table docs',
  'alter table docs rename to papers',
  'alter table docs_content rename to papers',
  ...[
    'fts5(a)',
    'fts4(a)',
    'rtree(a, b, c)',
    'dbstat',
    'csv(filename=x)',
    'fsdir',
    'generate_series',
    'geopoly(a)',
    "fts5vocab('docs', 'row')",
    'fts5(body, content=closed)',
  ].map((module) => `create virtual table v using ${module}`),
  'create temp table t (a)',
  'create temporary table t as select 1',
  'create table temp.t (a)',
  'create temp view t as select 1',
  'create temp trigger t after insert on audit begin select 1; end',
  "insert into sqlite_master values ('table', 't', 't', 1, 'create table t(a)')",
  "insert into sqlite_schema (type) values ('table')",
  "update sqlite_schema set sql = ''",
  'update sqlite_master set rootpage = 2',
  'delete from sqlite_master',
  'delete from sqlite_schema where name = 1',
  'drop table sqlite_master',
  'create table sqlite_own (a)',
  'create index i on sqlite_master (name)',
  'create trigger t after insert on sqlite_master begin select 1; end',
  'alter table sqlite_master add column x',
  'alter table audit rename /* to what */ to /* this */ other -- tail',
  'analyze',
  'analyze main',
  'analyze orders',
  'reindex',
  'reindex orders',
  'reindex nocase',
  'begin',
  'begin deferred',
  'begin immediate transaction',
  'begin exclusive',
  'commit',
  'commit transaction',
  'end',
  'rollback',
  'rollback transaction to savepoint a',
  'savepoint a',
  'release a',
  'explain begin',
  '',
  ';',
  '-- nothing',
  '/* nothing */',
  'select 1; select 2',
  'select 1;; select 2',
  'select 1; drop table audit',
  'select 1 /* ; */ ; /* */ delete from audit',
  "select ';' ; select 1",
  'select 1;--\ndelete from audit',
  'select 1; pragma writable_schema = on',
  'with recursive n(i) as (select 1 union all select i + 1 from n) select i from n',
  'with recursive n(i) as (select 1 union all select i from n) select count(*) from n',
];

/** Where a value can stand. */
const PLACES: readonly ((value: string, table: string) => string)[] = [
  (value, table) => `select ${value} from ${table}`,
  (value, table) => `select count(${value}) from ${table}`,
  (value, table) => `select 1 from ${table} where ${value} is not null`,
  (value, table) => `select 1 from ${table} order by ${value}`,
  (value, table) => `select 1 from ${table} group by ${value}`,
  (value, table) => `select 1 from ${table} group by 1 having max(${value}) > ''`,
  (value, table) => `select 1 from orders o join ${table} x on x.${value} = o.note`,
  (value, table) => `select (select ${value} from ${table} limit 1)`,
  (value, table) => `select 1 where exists (select 1 from ${table} where ${value} like 'a%')`,
  (value, table) => `select 1 limit (select length(${value}) from ${table} limit 1)`,
  (value, table) => `with w as (select ${value} from ${table}) select * from w`,
  (value, table) => `select id from orders union select ${value} from ${table}`,
  (value, table) => `select id from orders except select ${value} from ${table}`,
  (value, table) => `select row_number() over (order by ${value}) from ${table}`,
  (value, table) => `select sum(1) over (partition by ${value}) from ${table}`,
  (value, table) => `select count(*) filter (where ${value} > '') from ${table}`,
  (value, table) => `select value from ${table}, json_each(json_array(${value}))`,
  (value, table) => `select case when ${value} = 'x' then 1 end from ${table}`,
  (value, table) => `select 1 from orders where note in (select ${value} from ${table})`,
  (value, table) => `select id from orders where (id, note) in (select 1, ${value} from ${table})`,
  (value, table) => `explain select ${value} from ${table}`,
  (value, table) => `explain query plan select 1 from ${table} where ${value} = 'x'`,
  (value, table) => `select json_group_array(${value}) from ${table}`,
  (value, table) => `values ((select max(${value}) from ${table}))`,
];

/** Refused under the rules: columns and tables beyond them, and every change. */
export const DENIED: readonly string[] = [
  ...PLACES.map((place) => place('email', 'customers')),
  ...PLACES.map((place) => place('text', 'closed')),
  ...PLACES.map((place) => place('email', 'emails')),
  ...PLACES.map((place) => place('email', 'both')),
  'select * from customers',
  'select customers.* from customers',
  'select c.EMAIL from Customers c',
  'select [email], `email`, "email" from customers',
  'select 1 from customers natural join (select email from customers)',
  'select 1 from customers join both using (email)',
  'table_that_is_not_there',
  'select count(*) from closed',
  'select 1 from closed',
  'select rowid from closed',
  'select * from main.closed',
  'select * from "closed"',
  "select * from docs where docs match 'body: hidden'",
  "select title from docs('hidden')",
  'select body from docs',
  'select * from sqlite_schema',
  'pragma table_info(closed)',
  "select * from pragma_table_info('closed')",
  "insert into audit values ('x')",
  'insert into audit select email from customers',
  'insert into audit default values',
  "replace into customers values (1, 'x', 'y')",
  "insert or ignore into customers values (1, 'x', 'y')",
  "insert into customers values (1, 'x', 'y') on conflict do update set name = 'z'",
  "insert into docs (docs) values ('delete-all')",
  "insert into docs (docs) values ('rebuild')",
  "insert into docs (docs, rank) values ('rank', 'bm25(10)')",
  'update orders set total = 0',
  'update orders set total = 0 returning id',
  'update customers set name = email',
  'update or replace customers set id = 1',
  'delete from orders',
  'delete from orders where id = 10 returning *',
  'with gone as (select 10 as id) delete from orders where id in gone',
  'create table n (a)',
  'create table n as select * from closed',
  'create view n as select * from closed',
  'create index n on orders (note)',
  'create unique index n on orders (note) where total > 0',
  'create trigger n after insert on audit begin delete from orders; end',
  'drop table audit',
  'drop view emails',
  'drop trigger orders_audit',
  'alter table orders add column x',
  'alter table orders drop column note',
  'alter table closed rename to opened',
  'alter table closed rename column text to id2',
  'alter table customers rename email to mail',
  'alter table customers rename name to email2',
];
