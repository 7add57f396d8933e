import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { noPostgres, startPostgres, type PostgresServer } from '../support/postgres-server.ts';
import { onlyJson } from './greeting-world.ts';

interface Review {
  readonly databases: readonly {
    readonly role: string;
    readonly checks: readonly { readonly name: string; readonly holds: boolean; readonly detail: string }[];
  }[];
}

const skipped = noPostgres();

describe.skipIf(skipped !== undefined)(`doctor db ${skipped ?? ''}`, () => {
  let server: PostgresServer | undefined;
  const worlds: AgentWorld[] = [];
  const ready = (): PostgresServer => server!;

  beforeAll(async () => {
    server = await startPostgres();
    await ready().sql('postgres', 'create database shop');
    await ready().sql(
      'shop',
      `create table orders(id int primary key, note text); create table staff(id int);
       revoke create on schema public from public; revoke temporary on database shop from public; revoke usage on language plpgsql from public;
       revoke execute on function set_config(text, text, boolean), pg_sleep(float8), pg_sleep_for(interval), pg_sleep_until(timestamptz), pg_notify(text, text),
         lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea), lo_put(oid, bigint, bytea), lowrite(integer, bytea), pg_advisory_lock(bigint), pg_advisory_lock(int, int),
         pg_advisory_xact_lock(bigint), pg_advisory_xact_lock(int, int), pg_terminate_backend(int, bigint),
         query_to_xml(text, boolean, boolean, text), table_to_xml(regclass, boolean, boolean, text), database_to_xml(boolean, boolean, text) from public;
       create role weak login; grant usage on schema public to weak; grant select on orders to weak;
       create role strong login superuser; create role clerk login; grant select on orders, staff to clerk; grant insert on orders to clerk; grant pg_read_server_files to clerk`,
    );
  });
  afterEach(() => {
    for (const world of worlds.splice(0)) world.remove();
  });
  afterAll(() => server?.stop());

  function worldOf(user: string, extra = ''): AgentWorld {
    const { host, port } = ready();
    const world = makeAgentWorld({
      configuration: `version: 1
agents: { tester: { component: agent.wasm } }
databases: { main: { postgres: { socket: ${host}, port: ${port}, database: shop, user: ${user}${extra} } } }
`,
      rows: ['p, agent:tester, db:select, db:main/public.orders, -, allow, -'],
    });
    worlds.push(world);
    return world;
  }

  it('finds nothing wrong with a role that has what the policy needs and no more', async () => {
    const { code, stdout } = await command(['doctor', 'db'], { cwd: worldOf('weak').directory });
    expect(stdout).not.toMatch(/ no  /);
    expect(stdout).toMatch(/^database main, role weak$/m);
    expect(code).toBe(0);
  });

  it('names what a role has beside it', async () => {
    const { code, stdout } = await command(['doctor', 'db', '--json'], { cwd: worldOf('clerk').directory });
    const [review] = (onlyJson(stdout) as Review).databases;
    const wrong = review!.checks.filter(({ holds }) => !holds).map(({ detail }) => detail);
    expect(wrong).toEqual(['pg_read_server_files', 'insert on public.orders, select on public.staff']);
    expect(code).toBe(3);
  });

  it('warns of a superuser', async () => {
    const { code, stdout } = await command(['doctor', 'db', '--json'], { cwd: worldOf('strong').directory });
    const [review] = (onlyJson(stdout) as Review).databases;
    expect(review!.checks.find(({ name }) => name === 'the role is an ordinary one')).toMatchObject({
      holds: false,
      detail: 'superuser',
    });
    expect(code).toBe(3);
  });

  it('says why a server does not let it in', async () => {
    const { code, stdout } = await command(['doctor', 'db'], { cwd: worldOf('nobody').directory });
    expect(stdout).toMatch(/the server answers +no +.*nobody/);
    expect(code).toBe(3);
  });
});
