import type { PostgresTarget } from '../gates/db/engine.ts';
import type { ConnectionPowers } from './postgres-connection.ts';
import { createSlot } from './postgres-slot.ts';

/** One thing that the role of a database should not be able to do, and whether that is so. */
export interface RoleCheck {
  readonly name: string;
  readonly holds: boolean;
  readonly detail: string;
}

/** Whether some rule could allow an action on a resource. */
export type MayAllow = (action: string, schema: string, table: string) => boolean;

const ATTRIBUTES = `select concat_ws(', ', case when rolsuper then 'superuser' end, case when rolbypassrls then 'BYPASSRLS' end,
  case when rolcreaterole then 'CREATEROLE' end, case when rolcreatedb then 'CREATEDB' end, case when rolreplication then 'REPLICATION' end)
  from pg_roles where rolname = session_user`;
const MEMBERSHIPS = `select r.rolname::text from pg_roles r where r.rolname <> session_user and pg_has_role(session_user, r.oid, 'MEMBER') order by 1`;
const OWNED = `select c.oid::regclass::text from pg_class c where c.relowner = (select oid from pg_roles where rolname = session_user)
    and c.relnamespace not in (select oid from pg_namespace where nspname ~ '^pg_(toast|temp)')
  union all select 'schema ' || nspname from pg_namespace where nspowner = (select oid from pg_roles where rolname = session_user)
  union all select 'database ' || datname from pg_database where datdba = (select oid from pg_roles where rolname = session_user) order by 1`;
const CREATES = `select n.nspname::text from pg_namespace n where has_schema_privilege(n.oid, 'CREATE') and n.nspname !~ '^pg_' order by 1`;
const DATABASE = `select p from unnest(array['CREATE', 'TEMPORARY']) p where has_database_privilege(current_database(), p) order by 1`;
const LANGUAGES = `select lanname::text from pg_language where lanpltrusted and has_language_privilege(oid, 'USAGE') and lanname <> 'sql' order by 1`;
const FUNCTIONS = `select distinct p.proname::text from pg_proc p where has_function_privilege(p.oid, 'EXECUTE') and p.proname = any($1::text[]) order by 1`;
const CODE = `select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where p.prosecdef and n.nspname <> 'pg_catalog' and has_function_privilege(p.oid, 'EXECUTE') order by 1 limit 20`;
const RIGHTS = `select json_build_array(lower(p), n.nspname, c.relname)::text
  from pg_class c join pg_namespace n on n.oid = c.relnamespace, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and has_schema_privilege(n.oid, 'USAGE')
    and (has_table_privilege(c.oid, p) or (p <> 'DELETE' and has_any_column_privilege(c.oid, p))) order by 1`;
const EXTRA = `select json_build_array(p, n.nspname, c.relname)::text from pg_class c join pg_namespace n on n.oid = c.relnamespace,
  unnest(array['TRUNCATE', 'TRIGGER', 'REFERENCES']) p where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema)'
    and has_table_privilege(c.oid, p) order by 1`;

/** The gate never calls these; the role should not be able to, either: the second fence. */
const DANGEROUS = [
  ...[
    'dblink',
    'dblink_connect',
    'dblink_exec',
    'lo_create',
    'lo_creat',
    'lo_from_bytea',
    'lo_export',
    'lo_import',
    'lo_put',
    'lowrite',
  ],
  ...[
    'pg_advisory_lock',
    'pg_advisory_xact_lock',
    'pg_notify',
    'pg_sleep',
    'pg_sleep_for',
    'pg_sleep_until',
    'set_config',
  ],
  ...['pg_ls_dir', 'pg_read_binary_file', 'pg_read_file', 'pg_stat_file', 'pg_reload_conf', 'pg_terminate_backend'],
  ...['query_to_xml', 'table_to_xml', 'database_to_xml'],
];
const SHOWN = 8;

/** Logs in as the gate would, and asks the server what the role may do. Throws where it cannot be asked. */
export async function reviewPostgres(
  target: PostgresTarget,
  powers: ConnectionPowers,
  mayAllow: MayAllow,
): Promise<readonly RoleCheck[]> {
  const slot = createSlot(target, powers);
  const none = async (name: string, sql: string, ok: string, parameters: readonly (readonly string[])[] = []) =>
    checkOf(name, (await slot.ask(sql, parameters)).filter(Boolean), ok);
  try {
    const rights = (await slot.ask(RIGHTS, [])).map((row) => JSON.parse(row) as readonly [string, string, string]); // made by RIGHTS
    const surplus = rights.filter(([verb, schema, table]) => !mayAllow(`db:${verb}`, schema, table));
    const extra = (await slot.ask(EXTRA, [])).map((row) => JSON.parse(row) as readonly [string, string, string]); // made by EXTRA
    return [
      await none(
        'the role is an ordinary one',
        ATTRIBUTES,
        'neither superuser, BYPASSRLS, CREATEROLE, CREATEDB nor REPLICATION',
      ),
      await none('the role is a member of no other', MEMBERSHIPS, 'no memberships'),
      await none('the role owns nothing', OWNED, 'no tables, schemas or databases'),
      await none('the role makes nothing in schemas', CREATES, 'no CREATE on a schema'),
      await none('the role makes nothing in the database', DATABASE, 'neither CREATE nor TEMPORARY'),
      await none('the role writes no code', LANGUAGES, 'no language but SQL'),
      await none('the role calls nothing dangerous', FUNCTIONS, 'none of the functions that the gate refuses', [
        DANGEROUS,
      ]),
      await none("the role calls no code with its owner's rights", CODE, 'no SECURITY DEFINER functions'),
      checkOf(
        'the role has what the policy needs and no more',
        [...surplus, ...extra].map(([verb, schema, table]) => `${verb} on ${schema}.${table}`),
        'no rule is missing for any of its rights',
      ),
    ];
  } finally {
    slot.close();
  }
}

function checkOf(name: string, found: readonly string[], ok: string): RoleCheck {
  if (found.length === 0) return { name, holds: true, detail: ok };
  const more = found.length > SHOWN ? `, and ${found.length - SHOWN} more` : '';
  return { name, holds: false, detail: `${found.slice(0, SHOWN).join(', ')}${more}` };
}
