import { chmodSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { holds } from '../adversarial/secrets/secret-mirror.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { runCommand } from '../support/command-line.ts';
import { inlineGuest } from '../support/inline-guest.ts';
import { noPostgres, ROLE_WITH_PASSWORD, startPostgres, type PostgresServer } from '../support/postgres-server.ts';

const VALUE = `pa55-7Qx9+/Zr=w0rd.ü"'x`;
const GUEST = `
import { query } from 'sallyport:agent/db@0.1.0';
const failing = (act) => { try { return act(); } catch (error) { return error.payload ?? String(error); } };
const ask = (database, sql) => failing(() => query(database, sql, []).rows.map((row) => row.map(({ val }) => (val instanceof Uint8Array ? Array.from(val, (byte) => String.fromCharCode(byte)).join('') : val))));
export function run() {
  return JSON.stringify({
    notes: ask('main', 'select note from notes order by id'),
    bytes: ask('main', "select convert_to(note, 'UTF8') from notes where id = 1"),
    cast: ask('main', 'select note::int from notes where id = 1'),
    file: ask('file', 'select note from notes'),
  });
}
`;
const skipped = noPostgres();

describe.skipIf(skipped !== undefined)(`a secret that is the password of a database ${skipped ?? ''}`, () => {
  let server: PostgresServer | undefined;
  let world: AgentWorld;
  let component: string;

  beforeAll(async () => {
    component = await inlineGuest(GUEST);
    server = await startPostgres();
    const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
    const notes = [VALUE, `base64 ${Buffer.from(VALUE).toString('base64')}`, JSON.stringify({ VALUE }), 'plain'];
    await server.sql('postgres', 'create database shop');
    await server.sql(
      'shop',
      `create role ${ROLE_WITH_PASSWORD} login password ${text(VALUE)};
       create table notes(id int primary key, note text); grant select on notes to ${ROLE_WITH_PASSWORD};
       insert into notes values ${notes.map((note, index) => `(${index + 1}, ${text(note)})`).join(', ')}`,
    );
  }, 300_000);
  afterEach(() => world.remove());
  afterAll(() => server?.stop());

  function makeWorld(value: string, more = ''): void {
    const { host, port } = server!;
    world = makeAgentWorld({
      configuration: `version: 1
agents: { tester: { component: agent.wasm } }
databases:
  main: { postgres: { socket: ${host}, port: ${port}, database: shop, user: ${ROLE_WITH_PASSWORD}${more} } }
  file: { sqlite: notes.db }
secrets: { login: { from: { file: login }, for: [{ database: main }] } }
`,
      rows: ['main/**', 'file/**'].map((path) => `p, agent:tester, db:select, db:${path}, -, allow, log=full`),
    });
    chmodSync(world.write('login', value), 0o600);
    const file = new DatabaseSync(join(world.directory, 'notes.db'));
    file.exec('create table notes(note text)');
    file.prepare('insert into notes values (?)').run(`here too: ${VALUE}`);
    file.close();
  }
  const run = () => runCommand(['run', component, '--json'], { cwd: world.directory });
  const records = (): string => readFileSync(world.records().at(-1) ?? '', 'utf8');

  it('opens it, and reads as the mark in rows of every database and every type', async () => {
    makeWorld(`${VALUE}\n`);
    const { code, stdout, stderr } = await run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { output } = JSON.parse(stdout) as { output: string };
    expect(JSON.parse(output)).toEqual({
      notes: [['[secret]'], ['base64 [secret]'], ['{"VALUE":"[secret]"}'], ['plain']],
      bytes: [['[secret]']],
      cast: { tag: 'invalid-statement', val: 'a function or an operator cannot work on a value' },
      file: [['here too: [secret]']],
    });
    expect(holds(stdout + stderr + records(), VALUE)).toBe(false);
  }, 120_000);

  it('that is another one tells the guest nothing, and nobody what it is', async () => {
    const other = 'an0ther-c4n4ry-password';
    makeWorld(other);
    const { stdout, stderr } = await run();
    const { output } = JSON.parse(stdout) as { output: string };
    expect(JSON.parse(output)).toMatchObject({ notes: { tag: 'internal' }, file: [[`here too: ${VALUE}`]] });
    for (const value of [other, Buffer.from(other).toString('base64')])
      expect(stdout + stderr + records()).not.toContain(value);
  }, 120_000);

  it('is used by `doctor db` as well, which says where it cannot be had', async () => {
    makeWorld(VALUE);
    const good = await command(['doctor', 'db', '--json'], { cwd: world.directory });
    expect(good.stdout).toContain('{"name":"the server answers","holds":true');
    chmodSync(join(world.directory, 'login'), 0o644);
    const open = await command(['doctor', 'db'], { cwd: world.directory });
    expect(open.code).toBe(3);
    expect(open.stdout).toContain('is open to others (mode 644)');
    expect(holds(good.stdout + open.stdout, VALUE)).toBe(false);
  }, 120_000);

  it('cannot be bound to a file, nor beside a password of its own', async () => {
    makeWorld(VALUE, ', password: { environment: OTHER }');
    const twice = await command(['policy', 'check'], { cwd: world.directory });
    expect(twice.stderr).toContain('the database `main` names a password of its own');
    const yaml = join(world.directory, 'sallyport.yaml');
    world.write('sallyport.yaml', readFileSync(yaml, 'utf8').replace('database: main }]', 'database: file }]'));
    const file = await command(['policy', 'check'], { cwd: world.directory });
    expect(file.stderr).toContain('the database `file` is a file: it has no password');
  });
});
