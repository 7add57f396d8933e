/** What is read from the text of a statement. Nothing is decided on it that the engine does not confirm. */

/** SQLite's own folding of names: ASCII letters only, so that two tables never become one. */
export const foldName = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** Blanks and comments, up to the end or the next token. No text matches in two ways, so no text takes long. */
const BLANKS = String.raw`(?:[\s]|--[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*(?:\*/|$))*`;
const BLANK = new RegExp(`^${BLANKS}$`);
const CREATES_OR_DROPS = new RegExp(`^${BLANKS}(?:create|drop)\\b`, 'i');
const EXPLAINS = new RegExp(`^${BLANKS}(?:;${BLANKS})*explain\\b`, 'i');
const VACUUMS = new RegExp(
  `^(?:${BLANKS};)*${BLANKS}(?:explain${BLANKS}(?:query${BLANKS}plan${BLANKS})?)?vacuum\\b`,
  'i',
);
const RENAMES_TO =
  /\brename\s+to\s+(?:"((?:[^"]|"")+)"|`((?:[^`]|``)+)`|\[([^\]]+)\]|'((?:[^']|'')+)'|([^\s;"'`[\]()]+))\s*;?\s*$/i;

/** True if nothing but blanks and comments stands behind the one statement: SQLite drops a tail without a word. */
export const isWhole = (sql: string, source: string): boolean =>
  sql.startsWith(source) && BLANK.test(sql.slice(source.length));

/** `drop ... if exists` and `create ... if not exists` with nothing to do report nothing; so does `vacuum`. */
export const isInert = (sql: string): boolean => CREATES_OR_DROPS.test(sql);

/** `vacuum` reports what it does only when it runs: then it is denied, but it is known before. */
export const vacuums = (sql: string): boolean => VACUUMS.test(sql);

/** True if it only shows how a statement would run. */
export const explains = (sql: string): boolean => EXPLAINS.test(sql);

/**
 * The new name of `alter table ... rename to`, which the engine does not report; `undefined` where it is not plain. After
 * the statement the engine is asked whether there is such a table.
 */
export function renamedTo(sql: string): string | undefined {
  const [, double, back, bracket, single, bare] = RENAMES_TO.exec(sql) ?? [];
  return (
    double?.replaceAll('""', '"') ?? back?.replaceAll('``', '`') ?? bracket ?? single?.replaceAll("''", "'") ?? bare
  );
}
