import type { Verb } from '../gates/db/engine.ts';
import type { Catalog, Relation, RelationName } from './postgres-catalog.ts';
import { resultColumnsOf, servedFunction } from './postgres-functions.ts';
import type { Tree } from './postgres-grammar.ts';
import { impliedName } from './postgres-names.ts';
import { childrenOf, fieldsOf, nodeOf, nodesOf, refuse, textOf, textsOf, type Node } from './postgres-nodes.ts';
import {
  derivedSource,
  insideFrom,
  qualified,
  readWhole,
  resolveColumn,
  resolveName,
  resolveStar,
  sourceOf,
  type Scope,
  type Source,
} from './postgres-scope.ts';
import { sequenceOf, type VettedStatement } from './postgres-statement.ts';

/** Notes what a statement does to a table; without a column, that it does it at all. */
export type Note = (verb: Verb, relation: Relation, columns: readonly string[]) => void;

type Names = readonly string[];
type Tables = Scope['tables'];

/**
 * Walks a statement with its names resolved as Postgres resolves them, and notes every table and column that it can
 * touch. Where a name could mean several, all are noted: never less than what happens. Throws `StatementRefusal`.
 */
export function readStatement({ root }: VettedStatement, catalog: Catalog, note: Note): void {
  const read = (relation: Relation, column: string): void => note('select', relation, [column]);

  /** Any query or change, as it stands in WITH or by itself. Answers the names of its columns. */
  function query({ type, fields }: Node, outer: Scope | undefined, tables: Tables): Names {
    switch (type) {
      case 'SelectStmt':
        return select(fields, outer, tables);
      case 'InsertStmt':
        return insert(fields, outer, tables);
      case 'UpdateStmt':
        return update(fields, outer, tables);
      case 'DeleteStmt':
        return remove(fields, outer, tables);
      default:
        return refuse('unserved');
    }
  }

  function withClause(value: unknown, outer: Scope | undefined, tables: Tables): Tables {
    const clause = fieldsOf(value);
    if (clause === undefined) return tables;
    const known = new Map(tables);
    const ctes = nodesOf(clause['ctes']).map(({ fields }) => fields);
    if (clause['recursive'] === true)
      for (const cte of ctes) known.set(textOf(cte['ctename']) ?? '', recursiveNames(cte, outer, known));
    for (const cte of ctes) {
      const body = nodeOf(cte['ctequery']) ?? refuse('unserved');
      const names = query(body, outer, new Map(known));
      const given = textsOf(cte['aliascolnames']);
      known.set(textOf(cte['ctename']) ?? '', renamed(names, given));
    }
    return known;
  }

  /** What an expression that reads itself calls its columns: its first part says it. */
  function recursiveNames(cte: Tree, outer: Scope | undefined, tables: Tables): Names {
    let first = nodeOf(cte['ctequery']);
    const isUnion = fieldsOf(first?.fields['larg']) !== undefined;
    for (let left = fieldsOf(first?.fields['larg']); left !== undefined; left = fieldsOf(left['larg']))
      first = { type: 'SelectStmt', fields: left };
    const given = textsOf(cte['aliascolnames']);
    return first === undefined || !isUnion ? given : renamed(query(first, outer, tables), given);
  }

  function select(fields: Tree, outer: Scope | undefined, around: Tables): Names {
    const tables = withClause(fields['withClause'], outer, around);
    const scope: Scope = { sources: [], exact: true, outer, tables };
    const larg = fieldsOf(fields['larg']);
    const rarg = fieldsOf(fields['rarg']);
    let names: Names;
    if (larg !== undefined && rarg !== undefined) {
      names = select(larg, outer, tables);
      select(rarg, outer, tables);
    } else if (fields['valuesLists'] !== undefined) {
      const lists = nodesOf(fields['valuesLists']);
      for (const list of lists) each(list.fields['items'], scope);
      names = nodesOf(lists[0]?.fields['items']).map((_, index) => `column${index + 1}`);
    } else {
      for (const item of nodesOf(fields['fromClause'])) from(item, scope);
      names = targets(fields['targetList'], scope);
      expression(fields['whereClause'], scope);
    }
    for (const part of ['distinctClause', 'groupClause', 'sortClause']) sortKeys(fields[part], scope, names);
    for (const part of ['havingClause', 'limitOffset', 'limitCount']) expression(fields[part], scope);
    each(fields['windowClause'], scope);
    if (fields['lockingClause'] !== undefined) lock(scope);
    return names;
  }

  /** `for update` and its kin hold back other writers: it counts as a change of every table here. */
  function lock({ sources }: Scope): void {
    // In a subquery it would reach tables that are not seen from here.
    for (const { relation } of sources) note('update', relation ?? refuse('unserved'), ['rowid']);
  }

  /** ORDER BY, GROUP BY and DISTINCT ON may name a column of the result: what that reads has been noted. */
  function sortKeys(value: unknown, scope: Scope, names: Names): void {
    for (const item of nodesOf(value)) {
      const key = item.type === 'SortBy' ? nodeOf(item.fields['node']) : item;
      const [name, ...more] = key?.type === 'ColumnRef' ? nodesOf(key.fields['fields']) : [];
      const single = name?.type === 'String' && more.length === 0 ? textOf(name.fields['sval']) : undefined;
      if (single === undefined) expression(item.type === 'SortBy' ? item.fields['node'] : wrapped(item), scope);
      else if (!resolveName(scope, single, read) && !names.includes(single)) refuse('unresolved');
    }
  }

  function targets(value: unknown, scope: Scope): Names {
    return nodesOf(value).flatMap(({ fields }): Names => {
      const target = nodeOf(fields['val']) ?? refuse('unserved');
      const given = textOf(fields['name']);
      if (target.type === 'ColumnRef') {
        const star = starOf(target.fields, scope);
        if (star !== undefined) return star;
      }
      expression(fields['val'], scope);
      return [given ?? impliedName(target)];
    });
  }

  /** The columns of `*` and `source.*`; `undefined` for anything else. */
  function starOf(fields: Tree, scope: Scope): Names | undefined {
    const parts = nodesOf(fields['fields']);
    if (parts.at(-1)?.type !== 'A_Star') return undefined;
    const before = parts.slice(0, -1).map((part) => textOf(part.fields['sval']) ?? refuse('unserved'));
    if (before.length > 0) return resolveStar(scope, qualified(before), read);
    for (const source of scope.sources) readWhole(source, read);
    return scope.sources.flatMap(({ columns }) => [...columns.keys()]);
  }

  function from({ type, fields }: Node, scope: Scope): void {
    switch (type) {
      case 'RangeVar':
        return void scope.sources.push(table(fields, scope.tables));
      case 'RangeSubselect': {
        const beside = fields['lateral'] === true ? insideFrom(scope) : scope.outer;
        const names = query(nodeOf(fields['subquery']) ?? refuse('unserved'), beside, scope.tables);
        const { name, columns } = aliasOf(fields);
        return void scope.sources.push(derivedSource(name ?? '', renamed(names, columns)));
      }
      case 'RangeFunction': {
        called(fields, scope);
        return;
      }
      case 'JoinExpr': {
        join(fields, scope);
        return;
      }
      default:
        return refuse('unserved');
    }
  }

  function table(fields: Tree, tables: Tables): Source {
    const { name: alias, columns } = aliasOf(fields);
    const name = nameOf(fields);
    const common = name.schema === undefined ? tables.get(name.name) : undefined;
    if (common !== undefined) return derivedSource(alias ?? name.name, renamed(common, columns));
    const relation = relationOf(name);
    note('select', relation, []);
    return sourceOf(relation, alias, columns);
  }

  function relationOf(name: RelationName): Relation {
    const relation = catalog.byName(name) ?? refuse('unresolved');
    // A foreign table is another server; a sequence is read by `nextval` alone.
    return relation.kind === 'f' || relation.kind === 'S' ? refuse('unserved') : relation;
  }

  function called(fields: Tree, scope: Scope): void {
    const calls = nodesOf(fields['functions']).flatMap(({ fields: { items } }) => nodesOf(items));
    const [call, ...more] = calls;
    if (call?.type !== 'FuncCall' || more.length > 0) return refuse('unserved');
    expression(wrapped(call), insideFrom(scope));
    const name = servedFunction(textsOf(call.fields['funcname'])) ?? refuse('unserved');
    const alias = aliasOf(fields);
    const own = resultColumnsOf(name);
    // A function with one column gives it the alias's name.
    const columns = own.length === 1 && own[0] === name ? [alias.name ?? name] : own;
    const ordinal = fields['ordinality'] === true ? ['ordinality'] : [];
    scope.sources.push(derivedSource(alias.name ?? name, renamed([...columns, ...ordinal], alias.columns)));
  }

  function join(fields: Tree, scope: Scope): void {
    const before = scope.sources.length;
    from(nodeOf(fields['larg']) ?? refuse('unserved'), scope);
    from(nodeOf(fields['rarg']) ?? refuse('unserved'), scope);
    const joined = scope.sources.slice(before);
    const shared = textsOf(fields['usingClause']);
    for (const source of joined)
      for (const [name, column] of source.columns)
        if (source.relation !== undefined && (fields['isNatural'] === true || shared.includes(name)))
          read(source.relation, column);
    expression(fields['quals'], insideFrom(scope));
  }

  function insert(fields: Tree, outer: Scope | undefined, around: Tables): Names {
    const tables = withClause(fields['withClause'], outer, around);
    const { relation, source } = changed(fields, tables);
    const scope: Scope = { sources: [source], exact: true, outer, tables };
    note('insert', relation, relation.columns);
    for (const column of nodesOf(fields['cols'])) written(column, relation, scope);
    if (fields['selectStmt'] !== undefined) query(nodeOf(fields['selectStmt']) ?? refuse('unserved'), outer, tables);
    const conflict = fieldsOf(fields['onConflictClause']);
    if (conflict !== undefined) onConflict(conflict, relation, scope);
    return targets(fieldsOf(fields['returningClause'])?.['exprs'], scope);
  }

  function onConflict(conflict: Tree, relation: Relation, scope: Scope): void {
    // Whether there is a conflict tells what is in the table.
    const infer = fieldsOf(conflict['infer']);
    const elements = nodesOf(infer?.['indexElems']);
    note('select', relation, []);
    if (elements.length === 0) for (const column of relation.columns) read(relation, column);
    for (const { fields } of elements) {
      const name = textOf(fields['name']);
      if (name === undefined) expression(fields['expr'], scope);
      else if (!resolveName(scope, name, read)) refuse('unresolved');
    }
    expression(infer?.['whereClause'], scope);
    const excluded = derivedSource('excluded', relation.columns);
    const inner: Scope = { ...scope, sources: [...scope.sources, excluded] };
    assignments(conflict['targetList'], relation, inner);
    expression(conflict['whereClause'], inner);
  }

  function update(fields: Tree, outer: Scope | undefined, around: Tables): Names {
    const tables = withClause(fields['withClause'], outer, around);
    const { relation, source } = changed(fields, tables);
    const scope: Scope = { sources: [source], exact: true, outer, tables };
    for (const item of nodesOf(fields['fromClause'])) from(item, scope);
    assignments(fields['targetList'], relation, scope);
    expression(fields['whereClause'], scope);
    return targets(fieldsOf(fields['returningClause'])?.['exprs'], scope);
  }

  function remove(fields: Tree, outer: Scope | undefined, around: Tables): Names {
    const tables = withClause(fields['withClause'], outer, around);
    const { relation, source } = changed(fields, tables);
    const scope: Scope = { sources: [source], exact: true, outer, tables };
    note('delete', relation, relation.columns);
    for (const item of nodesOf(fields['usingClause'])) from(item, scope);
    expression(fields['whereClause'], scope);
    return targets(fieldsOf(fields['returningClause'])?.['exprs'], scope);
  }

  /** The table that a statement changes: never a common table expression. */
  function changed({ relation: value }: Tree, tables: Tables): { relation: Relation; source: Source } {
    const fields = fieldsOf(value) ?? refuse('unserved');
    const name = nameOf(fields);
    if (name.schema === undefined && tables.has(name.name)) refuse('unresolved');
    const relation = relationOf(name);
    return { relation, source: sourceOf(relation, aliasOf(fields).name, []) };
  }

  function assignments(value: unknown, relation: Relation, scope: Scope): void {
    for (const target of nodesOf(value)) {
      note('update', relation, [written(target, relation, scope)]);
      expression(target.fields['val'], scope);
    }
  }

  /** The column that an assignment names. */
  function written({ fields }: Node, relation: Relation, scope: Scope): string {
    const name = textOf(fields['name']) ?? '';
    for (const step of nodesOf(fields['indirection'])) {
      if (step.type !== 'A_Indices') refuse('unserved');
      expression(wrapped(step), scope);
    }
    return relation.columns.includes(name) ? name : refuse('unresolved');
  }

  function each(value: unknown, scope: Scope): void {
    for (const node of nodesOf(value)) expression(wrapped(node), scope);
  }

  function expression(value: unknown, scope: Scope): void {
    const node = nodeOf(value);
    if (node === undefined) return;
    const { type, fields } = node;
    if (type === 'ColumnRef') {
      columnReference(fields, scope);
      return;
    }
    if (type === 'SubLink') {
      expression(fields['testexpr'], scope);
      query(nodeOf(fields['subselect']) ?? refuse('unserved'), scope, scope.tables);
      return;
    }
    if (type === 'FuncCall') {
      const sequence = sequenceOf(fields);
      if (sequence !== undefined) {
        const relation = catalog.byName(sequence) ?? refuse('unresolved');
        if (relation.kind !== 'S') refuse('unresolved');
        note('update', relation, []);
        return;
      }
    }
    for (const child of childrenOf(node)) expression(wrapped(child), scope);
  }

  function columnReference(fields: Tree, scope: Scope): void {
    if (starOf(fields, scope) !== undefined) return;
    const parts = textsOf(fields['fields']);
    const name = parts.at(-1) ?? refuse('unserved');
    if (parts.length > 1) {
      resolveColumn(scope, qualified(parts.slice(0, -1)), name, read);
      return;
    }
    if (!resolveName(scope, name, read)) refuse('unresolved');
  }

  query(root, undefined, new Map());
}

const wrapped = ({ type, fields }: Node): Tree => ({ [type]: fields });
const renamed = (names: Names, given: Names): Names =>
  given.length > names.length ? given : names.map((name, index) => given[index] ?? name);

const nameOf = (fields: Tree): RelationName => ({
  schema: textOf(fields['schemaname']),
  name: textOf(fields['relname']) ?? refuse('unserved'),
});

function aliasOf(fields: Tree): { readonly name: string | undefined; readonly columns: Names } {
  const alias = fieldsOf(fields['alias']);
  return { name: textOf(alias?.['aliasname']), columns: textsOf(alias?.['colnames']) };
}
