import { expect, it } from 'vitest';
import type { Access } from '../../../host/contracts/request.ts';
import type { PostgresBenchOptions, PostgresWorld } from '../../gates/db/postgres-bench.ts';

/** Everything that a statement could have left behind: rows, objects, roles, settings, large objects, locks. */
export async function traces(world: PostgresWorld): Promise<string> {
  const [found] = await world.sql(`
    select md5(concat(
      (select string_agg(c::text, '|' order by c.id) from customers c), (select string_agg(o::text, '|' order by o.id) from orders o),
      (select string_agg(a::text, '|') from audit a), (select string_agg(l::text, '|') from logged l),
      (select string_agg(s::text, '|') from hidden.secrets s), (select last_value::text || is_called::text from numbers),
      (select string_agg(oid::text || relname || relkind::text || relowner::text || coalesce(relacl::text, ''), '|' order by oid) from pg_class where relnamespace <> 'pg_toast'::regnamespace),
      (select string_agg(oid::text || proname || proowner::text, '|' order by oid) from pg_proc where oid > 16000),
      (select string_agg(oid::text || rolname || rolsuper::text || rolcreaterole::text || coalesce(rolconfig::text, ''), '|' order by oid) from pg_roles),
      (select string_agg(m::text, '|') from pg_auth_members m), (select count(*) from pg_largeobject_metadata),
      (select string_agg(extname, '|' order by extname) from pg_extension), (select string_agg(nspname, '|' order by oid) from pg_namespace where nspname !~ 'temp'),
      (select string_agg(datname, '|' order by datname) from pg_database), (select count(*) from pg_locks where locktype = 'advisory'),
      (select count(*) from pg_prepared_xacts), (select string_agg(setting, '|' order by name) from pg_settings where source = 'configuration file')
    )) as digest`);
  return String(found?.['digest']);
}

/** What an attacker may read; everything else is denied. */
export const readsOrders = ({ action, resource, attributes }: Access): boolean =>
  (action === 'db:select' && resource === 'db:main/-') ||
  (action === 'db:select' && resource === 'db:main/public.orders') ||
  (action === 'db:select' &&
    resource === 'db:main/public.customers' &&
    (attributes.get('columns') as readonly string[]).every((column) => column === 'id' || column === 'name'));

/**
 * Each statement is tried by both functions, alone and in a transaction, by a session that is logged in as the owner of
 * everything: nothing but the gate stands in the way. None may succeed, and none may leave a trace.
 */
export function holdsBack(
  world: PostgresWorld,
  statements: readonly string[],
  options: PostgresBenchOptions = { allow: readsOrders },
): void {
  it(`holds back ${statements.length} statements, and nothing is changed by them`, async () => {
    const { db, faults } = world.bench({ ...options, target: { user: world.server().owner, ...options.target } });
    const escaped: unknown[] = [];
    for (const sql of statements) {
      const before = await traces(world);
      const transaction = await db.begin('main');
      const calls = [
        async () => db.query('main', sql, []),
        async () => db.execute('main', sql, []),
        async () => transaction.query(sql, []),
        async () => transaction.execute(sql, []),
      ];
      for (const call of calls) {
        const tag = await call().then(
          () => 'succeeded',
          (thrown: unknown) => (thrown as { payload?: { tag: string } }).payload?.tag ?? String(thrown),
        );
        if (tag !== 'denied' && tag !== 'invalid-statement') escaped.push([sql, tag]);
      }
      await transaction.rollback();
      if ((await traces(world)) !== before) escaped.push([sql, 'left a trace']);
    }
    expect(escaped).toEqual([]);
    expect(faults).toEqual([]);
  });
}
