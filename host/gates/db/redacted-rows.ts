import type { Redaction } from '../../redaction/redactor.ts';
import type { PreparedStatement, SqlValue, StatementFacts, Touch } from './engine.ts';

/** The rows as the guest may see them: columns by their names and by where their values come from, the rest by its text. */
export function redactedRows(
  rows: readonly (readonly SqlValue[])[],
  statement: Pick<PreparedStatement, 'sql' | 'facts'>,
  redaction: Redaction,
): readonly (readonly SqlValue[])[] {
  const marks = columnMarks(statement, redaction);
  return rows.map((row) =>
    row.map((value, index) => {
      const mark = value === null ? undefined : marks[index];
      if (mark === undefined) return redactedValue(value, redaction);
      redaction.masked(mark);
      return mark;
    }),
  );
}

/**
 * The mark of each column of a result that is masked as a whole. Where a statement reads a masked column, what is worked
 * out, or comes from nobody says where, may hold it under any name.
 */
function columnMarks(
  { sql, facts }: Pick<PreparedStatement, 'sql' | 'facts'>,
  redaction: Redaction,
): readonly (string | undefined)[] {
  const read = markOfTouched(facts.touches, redaction);
  const said = read === undefined || saysOrigins(sql, facts);
  return facts.columns.map((name, index) => {
    const origin = said ? (facts.origins[index] ?? null) : null;
    const own = redaction.column(undefined, name);
    if (own !== undefined) return own;
    return origin === null ? read : redaction.column(origin.table, origin.column);
  });
}

/** The mark of the first column among them that is masked. */
const markOfTouched = (touches: readonly Touch[], redaction: Redaction): string | undefined =>
  touches
    .flatMap(({ table, columns }) => columns.map((column) => redaction.column(table, column)))
    .find((mark) => mark !== undefined);

/**
 * Whether a statement writes and reads a masked column: nobody says whether what it writes is what it reads, and under
 * another name it could be read again.
 */
export function mayCopyMasked({ touches }: StatementFacts, redaction: Redaction): boolean {
  const writes = touches.some(({ verb }) => verb === 'insert' || verb === 'update');
  const reads = touches.filter(({ verb }) => verb === 'select');
  return writes && markOfTouched(reads, redaction) !== undefined;
}

/** Words that put queries together. An engine says of such a column only where its first query takes it from. */
const COMPOUND = ['union', 'intersect', 'except'];

/**
 * Whether the origins of a result are all that there is to say about where its values come from: one query by itself, of
 * tables that each give a column of it. A table that gives none may be a view, and its text is not seen here.
 */
function saysOrigins(sql: string, { origins, touches }: StatementFacts): boolean {
  const text = sql.toLowerCase();
  if (COMPOUND.some((word) => text.includes(word))) return false;
  return touches.every(
    ({ verb, schema, table }) =>
      verb === 'select' && origins.some((origin) => origin?.schema === schema && origin?.table === table),
  );
}

/** One value without what its text shows. A number or bytes with a find become text. */
export function redactedValue(value: SqlValue, redaction: Redaction): SqlValue {
  if (value === null) return value;
  if (value instanceof Uint8Array) {
    const bytes = redaction.body(value, undefined);
    return bytes === value ? value : Buffer.from(bytes).toString();
  }
  const text = String(value);
  const masked = typeof value === 'string' && /^\s*[[{]/.test(text) ? redaction.json(text) : redaction.text(text);
  return masked === text ? value : masked;
}
