import type { DatabaseTarget } from './engine.ts';

/** Stands for the table of a statement that has none. A table of that name is written `%2D`. */
const NO_TABLE = '-';
const SCHEMA_TABLE = 'sqlite_schema';

/**
 * `db:NAME/TABLE`, or `db:NAME/SCHEMA.TABLE`: one segment, whatever the table is called. Small letters, digits, `_` and
 * `-` stand for themselves.
 */
export function resourceOf(database: string, table: string | undefined, schema?: string): string {
  if (table === undefined) return `db:${database}/${NO_TABLE}`;
  const name = escaped(table);
  if (schema !== undefined) return `db:${database}/${escaped(schema)}.${name}`;
  return `db:${database}/${name === NO_TABLE ? '%2D' : name}`;
}

const escaped = (name: string): string => name.toWellFormed().replace(/[^a-z0-9_-]/gu, percentEncoded);

/** A character as its UTF-8 bytes (RFC 3986, section 2.1). */
const percentEncoded = (character: string): string =>
  Buffer.from(character).toString('hex').toUpperCase().replace(/../g, '%$&');

/** The resource of a table that somebody wrote down; `undefined` for what is none. */
export function canonicalTable(kind: DatabaseTarget['kind'], database: string, written: string): string | undefined {
  if (written === NO_TABLE) return resourceOf(database, undefined);
  if (kind === 'sqlite') {
    const name = decoded(written);
    return name === undefined ? undefined : resourceOf(database, foldTable(name));
  }
  const [schema, table, ...more] = written.split('.').map(decoded);
  return schema === undefined || table === undefined || more.length > 0
    ? undefined
    : resourceOf(database, table, schema);
}

/** A column as its engine spells it. */
export const canonicalColumn = (kind: DatabaseTarget['kind'], name: string): string =>
  kind === 'sqlite' ? fold(name) : name;

const fold = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** `sqlite_master` is the older name of the same table. */
function foldTable(name: string): string {
  const folded = fold(name);
  return folded === 'sqlite_master' ? SCHEMA_TABLE : folded;
}

function decoded(table: string): string | undefined {
  try {
    return decodeURIComponent(table);
  } catch {
    return undefined;
  }
}
