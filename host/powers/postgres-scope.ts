import type { Relation } from './postgres-catalog.ts';
import { refuse } from './postgres-nodes.ts';

/** One thing in FROM. */
export interface Source {
  readonly alias: string;
  /** Absent for whatever is no table: a subquery, a common table expression, a function. */
  readonly relation?: Relation;
  /** True if it goes by the table's own name, so that `schema.table.column` means it. */
  readonly bare?: boolean;
  /** Column names as the statement may use them, with the table's own names. */
  readonly columns: ReadonlyMap<string, string>;
}

/** The names that an expression can use, one level of the statement inside the other. */
export interface Scope {
  readonly sources: Source[];
  /**
   * True if an expression here sees exactly these sources. Otherwise it may see fewer: then a name counts on every level
   * on which it could be meant.
   */
  readonly exact: boolean;
  readonly outer: Scope | undefined;
  /** Common table expressions by name, with the names of their columns. */
  readonly tables: ReadonlyMap<string, readonly string[]>;
}

/** Notes that a column of a table is read. */
export type Read = (relation: Relation, column: string) => void;

const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid']);

/** The same names for an expression inside FROM, where not everything of it can be seen. */
export const insideFrom = (scope: Scope): Scope => ({ ...scope, exact: false });

export const sourceOf = (relation: Relation, alias: string | undefined, renamed: readonly string[]): Source => ({
  alias: alias ?? relation.name,
  relation,
  bare: alias === undefined,
  columns: new Map(relation.columns.map((column, index) => [renamed[index] ?? column, column])),
});

export const derivedSource = (alias: string, columns: readonly string[]): Source => ({
  alias,
  columns: new Map(columns.map((column) => [column, column])),
});

/** The table's own name of a column; `undefined` if there is none of that name. */
function columnOf({ relation, columns }: Source, name: string): string | undefined {
  const own = columns.get(name);
  if (own !== undefined || relation === undefined || relation.kind === 'v') return own;
  return SYSTEM_COLUMNS.has(name) ? name : undefined;
}

function readColumn({ relation }: Source, column: string, read: Read): void {
  if (relation !== undefined) read(relation, column);
}

export function readWhole(source: Source, read: Read): void {
  for (const column of source.columns.values()) readColumn(source, column, read);
}

/** The levels from the inside out, each with what of it fits. */
function* levels(scope: Scope, fits: (source: Source) => boolean): Generator<{ hits: Source[]; exact: boolean }> {
  for (let level: Scope | undefined = scope; level !== undefined; level = level.outer) {
    const hits = level.sources.filter(fits);
    if (hits.length > 0) yield { hits, exact: level.exact };
  }
}

/** A name alone: a column, or a source as a whole. Answers whether it is any. */
export function resolveName(scope: Scope, name: string, read: Read): boolean {
  let found = false;
  for (const { hits, exact } of levels(scope, (source) => columnOf(source, name) !== undefined)) {
    for (const source of hits) readColumn(source, columnOf(source, name) ?? name, read);
    if (exact) return true;
    found = true;
  }
  for (const { hits, exact } of levels(scope, ({ alias }) => alias === name)) {
    for (const source of hits) readWhole(source, read);
    found = true;
    if (exact) break;
  }
  return found;
}

/** `source.column`. A name that is no column could be a call of a function, so it is refused. */
export function resolveColumn(scope: Scope, fits: (source: Source) => boolean, name: string, read: Read): void {
  let found = false;
  for (const { hits, exact } of levels(scope, fits)) {
    for (const source of hits) readColumn(source, columnOf(source, name) ?? refuse('unresolved'), read);
    found = true;
    if (exact) break;
  }
  if (!found) refuse('unresolved');
}

/** `source.*`: the names of its columns. */
export function resolveStar(scope: Scope, fits: (source: Source) => boolean, read: Read): readonly string[] {
  let names: readonly string[] | undefined;
  for (const { hits, exact } of levels(scope, fits)) {
    for (const source of hits) readWhole(source, read);
    names ??= hits.flatMap(({ columns }) => [...columns.keys()]);
    if (exact) break;
  }
  return names ?? refuse('unresolved');
}

/** What a name with dots before it can mean. */
export function qualified(parts: readonly string[]): (source: Source) => boolean {
  const [first, second, ...more] = parts;
  if (first === undefined || more.length > 0) return refuse('unserved');
  if (second === undefined) return ({ alias }) => alias === first;
  return ({ relation, bare }) => bare === true && relation?.schema === first && relation.name === second;
}
