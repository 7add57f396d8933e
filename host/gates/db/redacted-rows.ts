import type { Redaction } from '../../redaction/redactor.ts';
import type { PreparedStatement, SqlValue, StatementFacts } from './engine.ts';

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
  const read = facts.touches
    .flatMap(({ table, columns }) => columns.map((column) => redaction.column(table, column)))
    .find((mark) => mark !== undefined);
  const origins = read === undefined || saysOrigins(sql, facts) ? facts.origins : undefined;
  return facts.columns.map((name, index) => {
    const origin = origins?.[index];
    const [table, column] = splitOrigin(origin);
    const own =
      redaction.column(undefined, name) ?? (column === undefined ? undefined : redaction.column(table, column));
    return own ?? (origin === undefined || origin === null ? read : undefined);
  });
}

/** Words that put queries together. An engine says of such a column only where its first query takes it from. */
const COMPOUND = ['union', 'intersect', 'except'];

/**
 * Whether the origins of a result are all that there is to say about where its values come from: one query by itself, of
 * tables that each give a column of it. A table that gives none may be a view, and its text is not seen here.
 */
function saysOrigins(sql: string, { origins = [], touches }: StatementFacts): boolean {
  const text = sql.toLowerCase();
  if (COMPOUND.some((word) => text.includes(word))) return false;
  const shown = new Set(origins.map((origin) => splitOrigin(origin)[0]));
  return touches.every(({ verb, table }) => verb === 'select' && shown.has(table));
}

function splitOrigin(origin: string | null | undefined): readonly [string | undefined, string | undefined] {
  if (origin === undefined || origin === null) return [undefined, undefined];
  const dot = origin.indexOf('.');
  return [origin.slice(0, dot), origin.slice(dot + 1)];
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
