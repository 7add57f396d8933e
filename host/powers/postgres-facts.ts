import type { Touch, Verb } from '../gates/db/engine.ts';
import type { Catalog, ForeignKey, Relation } from './postgres-catalog.ts';
import { refuse } from './postgres-nodes.ts';
import { readStatement } from './postgres-reading.ts';
import type { VettedStatement } from './postgres-statement.ts';

/** What a statement does, or the tables that have to be looked up before that is known. */
export type Reading =
  | { readonly status: 'read'; readonly touches: readonly [Touch, ...Touch[]] }
  | { readonly status: 'incomplete'; readonly missing: readonly string[] };

/** Stands for the existence of a row where no column is read (`count(*)`). */
const ROWID = 'rowid';
/** The change that a statement is about comes first, then what follows from it; reads are last. */
const RANK: Readonly<Record<Verb, number>> = { schema: 0, insert: 1, update: 1, delete: 1, select: 2 };
/** More than people join; what follows from a change is counted as well. */
const MOST_TOUCHES = 256;

interface Entry {
  readonly verb: Verb;
  readonly relation: Relation;
  readonly columns: Set<string>;
}

/** What a vetted statement does to which tables: what it says, and what follows from it. */
export function touchesOf(statement: VettedStatement, catalog: Catalog, triggers: 'refuse' | 'trust'): Reading {
  const entries = new Map<string, Entry>();
  const missing = new Set<string>();
  /** What has to be followed still; an entry that grows is followed again. */
  const waiting: Entry[] = [];

  function note(verb: Verb, relation: Relation, columns: readonly string[]): void {
    const key = `${verb} ${relation.oid}`;
    const known = entries.get(key);
    const entry = known ?? { verb, relation, columns: new Set<string>() };
    const before = entry.columns.size;
    for (const column of columns) entry.columns.add(column);
    if (known === undefined) entries.set(key, entry);
    if (known === undefined || entry.columns.size > before) waiting.push(entry);
    if (entries.size > MOST_TOUCHES) refuse('complex');
  }

  function at(oid: string, then: (relation: Relation) => void): void {
    const relation = catalog.byOid(oid);
    if (relation === undefined) missing.add(oid);
    else then(relation);
  }

  readStatement(statement, catalog, note);
  for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
    if (entry.relation.foreign > 0 || entry.relation.kind === 'f') refuse('unserved'); // another server
    followView(entry, at, note);
    if (entry.verb !== 'select') followChange(entry, triggers, at, note);
  }
  if (missing.size > 0) return { status: 'incomplete', missing: [...missing] };
  return { status: 'read', touches: inOrder([...entries.values()]) };
}

type At = (oid: string, then: (relation: Relation) => void) => void;
type Note = (verb: Verb, relation: Relation, columns: readonly string[]) => void;

/** A view counts by its own name and by what it reads: it is a way to the table, and policy decides on both. */
function followView({ verb, relation }: Entry, at: At, note: Note): void {
  if (relation.kind !== 'v') return;
  for (const { oid, columns } of relation.under) {
    at(oid, (table) => {
      const all = relation.whole || columns.length === 0;
      note('select', table, all ? table.columns : columns);
      if (verb !== 'select') note(verb, table, table.columns);
    });
  }
}

/** What a change sets off: rules and triggers cannot be decided on, foreign keys can. */
function followChange({ verb, relation, columns }: Entry, triggers: 'refuse' | 'trust', at: At, note: Note): void {
  if (relation.kind === 'S') return;
  if (relation.rules > 0 || (relation.triggers > 0 && triggers === 'refuse')) refuse('unserved');
  if (verb === 'insert' || verb === 'update') {
    for (const key of relation.references)
      if (key.columns.some((column) => columns.has(column))) at(key.oid, (other) => note('select', other, key.keys));
  }
  if (verb === 'insert') return;
  for (const key of relation.referenced) {
    if (verb === 'update' && !key.keys.some((column) => columns.has(column))) continue;
    at(key.oid, (other) => cascade(verb === 'delete' ? key.onDelete : key.onUpdate, verb, key, other, note));
  }
}

function cascade(action: string, verb: Verb, key: ForeignKey, other: Relation, note: Note): void {
  note('select', other, key.columns);
  if (action === 'c') note(verb, other, verb === 'delete' ? other.columns : key.columns);
  else if (action === 'n' || action === 'd') note('update', other, key.columns);
}

function inOrder(entries: readonly Entry[]): readonly [Touch, ...Touch[]] {
  const [first, ...rest] = entries
    .map(({ verb, relation, columns }): Touch => {
      const named = columns.size === 0 ? [ROWID] : [...columns].sort();
      return { verb, schema: relation.schema, table: relation.name, columns: named };
    })
    .sort((one, other) => RANK[one.verb] - RANK[other.verb]);
  return first === undefined ? [{ verb: 'select', table: undefined, columns: [] }] : [first, ...rest];
}
