/** What the server's catalogue says of one table, view or sequence. */
export interface Relation {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** `pg_class.relkind`: r table, p partitioned, v view, m materialised view, S sequence, f foreign. */
  readonly kind: string;
  /** In order. */
  readonly columns: readonly string[];
  /** `pg_attribute.attnum` of each of them. */
  readonly numbers: readonly number[];
  /** Rewrite rules other than a view's own. */
  readonly rules: number;
  /** Triggers of the table and of its partitions, the server's own left out. */
  readonly triggers: number;
  /** Foreign servers reached by a partition. */
  readonly foreign: number;
  /** What a view reads. */
  readonly under: readonly { readonly oid: string; readonly columns: readonly string[] }[];
  /** True if a view reads some table's rows as a whole. */
  readonly whole: boolean;
  /** Its foreign keys. */
  readonly references: readonly ForeignKey[];
  /** Foreign keys of other tables that lead here. */
  readonly referenced: readonly ForeignKey[];
}

/** One foreign key, seen from either end. */
export interface ForeignKey {
  /** The table at the other end. */
  readonly oid: string;
  readonly columns: readonly string[];
  readonly keys: readonly string[];
  /** `pg_constraint.confdeltype` and `confupdtype`: c cascade, n set null, d set default, a and r none. */
  readonly onDelete: string;
  readonly onUpdate: string;
}

/** A table as a statement names it. */
export interface RelationName {
  readonly schema: string | undefined;
  readonly name: string;
}

/** The names of functions and operators that a statement uses. */
export interface CodeNames {
  readonly functions: readonly string[];
  readonly operators: readonly string[];
}

/** Runs one of the host's own queries; each row has one column, a JSON text or a name. */
export type AskServer = (sql: string, parameters: readonly (readonly string[])[]) => Promise<readonly string[]>;

const attributes = (relation: string, numbers: string): string =>
  `(select coalesce(json_agg(a.attname order by k.n), '[]') from unnest(${numbers}) with ordinality k(attnum, n)
    join pg_catalog.pg_attribute a on a.attrelid = ${relation} and a.attnum = k.attnum)`;

const foreignKey = (other: string): string =>
  `json_build_object('oid', ${other}::text, 'columns', ${attributes('f.conrelid', 'f.conkey')},
    'keys', ${attributes('f.confrelid', 'f.confkey')}, 'onDelete', f.confdeltype, 'onUpdate', f.confupdtype)`;

/** The order of each list is fixed, so that two answers can be compared as texts. */
const DESCRIBED = `
  select json_build_object(
    'oid', c.oid::text, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
    'columns', (select coalesce(json_agg(a.attname order by a.attnum), '[]') from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    'numbers', (select coalesce(json_agg(a.attnum order by a.attnum), '[]') from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
    'rules', (select count(*) from pg_catalog.pg_rewrite r where r.ev_class = c.oid and r.rulename <> '_RETURN'),
    'triggers', (select count(*) from pg_catalog.pg_trigger t where t.tgrelid in (select unnest(tree.oids))
      and not t.tgisinternal and t.tgenabled <> 'D'),
    'foreign', (select count(*) from pg_catalog.pg_class p where p.oid in (select unnest(tree.oids)) and p.relkind = 'f'),
    'under', (select coalesce(json_agg(u order by u.oid), '[]') from (
      select d.refobjid::text as oid, coalesce(json_agg(a.attname order by a.attnum) filter (where a.attname is not null), '[]') as columns
      from pg_catalog.pg_rewrite r
      join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid
        and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid <> c.oid
      left join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid and d.refobjsubid <> 0
      where r.ev_class = c.oid and c.relkind = 'v' group by d.refobjid) u),
    'whole', (select coalesce(bool_or(r.ev_action::text like '%:varattno 0 %'), false)
      from pg_catalog.pg_rewrite r where r.ev_class = c.oid),
    'references', (select coalesce(json_agg(${foreignKey('f.confrelid')} order by f.oid), '[]')
      from pg_catalog.pg_constraint f where f.conrelid = c.oid and f.contype = 'f'),
    'referenced', (select coalesce(json_agg(${foreignKey('f.conrelid')} order by f.oid), '[]')
      from pg_catalog.pg_constraint f where f.confrelid = c.oid and f.contype = 'f' and f.conparentid = 0)
  )::text
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  cross join lateral (
    with recursive part(oid) as (
      select c.oid union select i.inhrelid from pg_catalog.pg_inherits i join part on i.inhparent = part.oid)
    select array_agg(part.oid) as oids from part) tree`;

const BY_NAME = `${DESCRIBED} where c.relname = any($1::text[]) and n.nspname = any($2::text[])
  and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') order by c.oid`;
const BY_OID = `${DESCRIBED} where c.oid = any($1::text[]::oid[]) order by c.oid`;

/** Functions and operators beside the built-in ones: a call could mean them. Those of extensions are trusted. */
const SHADOWS = `
  select p.proname::text from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname = any($1::text[]) and p.proname = any($2::text[]) and not exists (
      select 1 from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  union all
  select o.oprname::text from pg_catalog.pg_operator o join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
    where n.nspname = any($1::text[]) and o.oprname = any($3::text[]) and not exists (
      select 1 from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_operator'::regclass and d.objid = o.oid and d.deptype = 'e')`;

/** The part of the catalogue that one statement needs, as it was at one moment. */
export interface Catalog {
  /** By the search path; `undefined` for a name that is not served or not there. */
  byName(name: RelationName): Relation | undefined;
  /** `undefined`: not read yet. */
  byOid(oid: string): Relation | undefined;
  /** Whether a function or an operator could mean one that is not built in. */
  readonly shadowed: boolean;
  /** Reads more of it. */
  extend(oids: readonly string[]): Promise<void>;
  /** Whether the server still says the same. */
  holds(): Promise<boolean>;
}

/** Reads what a statement needs of the catalogue. */
export async function readCatalog(
  ask: AskServer,
  schemas: readonly string[],
  names: readonly RelationName[],
  code: CodeNames,
): Promise<Catalog> {
  const served = new Set(schemas);
  const path = ['pg_catalog', ...schemas];
  const named = [[...new Set(names.map(({ name }) => name))], path] as const;
  const shadowing = [schemas, code.functions, code.operators] as const;
  const found = new Map<string, Relation>();
  const answers: {
    readonly sql: string;
    readonly parameters: readonly (readonly string[])[];
    readonly rows: string;
  }[] = [];

  async function read(sql: string, parameters: readonly (readonly string[])[]): Promise<readonly string[]> {
    const rows = await ask(sql, parameters);
    answers.push({ sql, parameters, rows: rows.join('\n') });
    return rows;
  }
  async function relations(sql: string, parameters: readonly (readonly string[])[]): Promise<void> {
    for (const row of await read(sql, parameters)) {
      const relation = JSON.parse(row) as Relation; // made by DESCRIBED
      found.set(relation.oid, relation);
    }
  }

  if (names.length > 0) await relations(BY_NAME, named);
  const shadows = code.functions.length + code.operators.length === 0 ? [] : await read(SHADOWS, shadowing);
  const all = (): readonly Relation[] => [...found.values()];

  return Object.freeze({
    shadowed: shadows.length > 0,
    byName({ schema, name }: RelationName): Relation | undefined {
      const where = schema === undefined ? path : [schema];
      for (const candidate of where) {
        const relation = all().find((known) => known.schema === candidate && known.name === name);
        if (relation !== undefined) return served.has(candidate) ? relation : undefined;
      }
      return undefined;
    },
    byOid: (oid: string) => found.get(oid),
    extend: (oids: readonly string[]) => relations(BY_OID, [oids]),
    async holds(): Promise<boolean> {
      for (const { sql, parameters, rows } of answers) {
        if ((await ask(sql, parameters)).join('\n') !== rows) return false;
      }
      return true;
    },
  });
}
