import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHost, type CellKind } from '../../host/index.ts';
import { CELLS } from '../sandbox/support/cell.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { celledAgent } from '../support/celled-agent.ts';
import { inlineGuest } from '../support/inline-guest.ts';
import { noPostgres, startPostgres, type PostgresServer } from '../support/postgres-server.ts';

/** Does everything that the interface has; it does not know which database it talks to. */
const GUEST = `
import { query, queryNamed, execute, executeNamed, begin } from 'sallyport:agent/db@0.1.0';
const show = (rows) => rows.rows.map((row) => row.map(({ tag, val }) => tag + ':' + (val instanceof Uint8Array ? [...val] : val)));
const failing = (call) => { try { call(); return 'succeeded'; } catch (error) { return (error.payload ?? error).tag; } };
export function run() {
  try {
    return work();
  } catch (error) {
    throw JSON.stringify(error.payload ?? String(error));
  }
}
function work() {
  const seen = {};
  seen.created = String(execute('main', "insert into items(id, name, weight, data) values (1, 'one', 1.5, $1)", [{ tag: 'blob', val: new Uint8Array([0, 255]) }]).rows);
  seen.big = String(executeNamed('main', 'add', [{ tag: 'integer', val: 2 }, { tag: 'text', val: 'ä' }]).rows);
  seen.all = show(query('main', 'select id, name, weight, data from items order by id', []));
  seen.named = show(queryNamed('main', 'by-name', [{ tag: 'text', val: 'one' }]));
  const transaction = begin('main');
  transaction.execute("update items set name = 'changed' where id = 1", []);
  seen.inside = show(transaction.query('select name from items where id = 1', []));
  transaction.rollback();
  seen.undone = show(query('main', 'select name from items where id = 1', []));
  const kept = begin('main');
  kept.execute("update items set name = 'kept' where id = 1", []);
  kept.commit();
  seen.kept = show(query('main', 'select name from items where id = 1', []));
  seen.duplicate = failing(() => execute('main', "insert into items(id, name) values (1, 'x')", []));
  seen.secret = failing(() => query('main', 'select word from secrets', []));
  seen.many = failing(() => query('main', 'select 1; select 2', []));
  return JSON.stringify(seen);
}
`;
const TABLES =
  'create table items(id bigint primary key, name text not null, weight double precision, data BYTES); create table secrets(word text)';
const skipped = noPostgres();

const EXPECTED = {
  created: '1',
  big: '1',
  all: [
    ['integer:1', 'text:one', 'real:1.5', 'blob:0,255'],
    ['integer:2', 'text:ä', 'null:undefined', 'null:undefined'],
  ],
  named: [['integer:1']],
  inside: [['text:changed']],
  undone: [['text:one']],
  kept: [['text:kept']],
  duplicate: 'constraint-violation',
  secret: 'denied',
  many: 'invalid-statement',
};

describe.skipIf(skipped !== undefined)(`the same guest works over SQLite and over Postgres ${skipped ?? ''}`, () => {
  let server: PostgresServer | undefined;
  const worlds: AgentWorld[] = [];

  beforeAll(async () => {
    server = await startPostgres();
    await server.sql('postgres', 'create database shop');
    await server.sql(
      'shop',
      `${TABLES.replace('BYTES', 'bytea')}; create role agent login password 'pass word'; grant select, insert, update, delete on items, secrets to agent`,
    );
  });
  afterAll(async () => {
    for (const world of worlds) world.remove();
    await server?.stop();
  });

  interface Asked {
    readonly database: string;
    readonly table: string;
    readonly cell: CellKind;
    readonly prepare?: (directory: string) => void;
  }
  async function seenBy({ database, table, cell, prepare }: Asked): Promise<unknown> {
    const component = await inlineGuest(GUEST);
    const world = makeAgentWorld({
      configuration: `version: 1
agents: { tester: ${celledAgent(cell, component)} }
databases:
  main:
    ${database}
    access: rw
    statements: { add: "insert into items(id, name) values ($1, $2)", by-name: "select id from items where name = $1" }
`,
      rows: ['select', 'insert', 'update'].map((verb) => `p, agent:tester, db:${verb}, db:main/${table}, -, allow, -`),
    });
    worlds.push(world);
    prepare?.(world.directory);
    const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
    const result = await host.run({ agent: 'tester', component, input: '', signal: new AbortController().signal });
    expect(result).toMatchObject({ status: 'ok', cell });
    await host.close();
    const actions = world.lastRecords().map(({ type }) => type);
    expect(actions).toContain('effect.settled');
    return JSON.parse(result.output ?? '') as unknown;
  }

  it.each(['thread', 'process'] as const)('SQLite, in a %s', async (cell) => {
    const prepare = (directory: string): void => {
      const database = new DatabaseSync(join(directory, 'main.db'));
      database.exec(TABLES.replace('BYTES', 'blob'));
      database.close();
    };
    expect(await seenBy({ database: 'sqlite: main.db', table: 'items', cell, prepare })).toEqual(EXPECTED);
  });

  it.each(CELLS)('Postgres, in a cell of kind `%s`', async (cell) => {
    const { host, port } = server!;
    await server!.sql('shop', 'truncate items');
    const database = `postgres: { socket: ${host}, port: ${port}, database: shop, user: agent }`;
    expect(await seenBy({ database, table: 'public.items', cell })).toEqual(EXPECTED);
  });
});
