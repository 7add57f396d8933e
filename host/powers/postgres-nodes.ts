import type { Tree } from './postgres-grammar.ts';

/**
 * Every node that a statement may consist of, with every field that it may have: `name` holds no node, `name.` holds one,
 * `name*` holds a list, `name:Type` holds the fields of a node of that type. What is not here is refused, so that a
 * newer grammar cannot bring in anything that nobody has looked at.
 */
const SHAPES: Readonly<Record<string, string>> = {
  SelectStmt:
    'distinctClause* targetList* fromClause* whereClause. groupClause* groupDistinct havingClause. windowClause* valuesLists* sortClause* limitOffset. limitCount. limitOption lockingClause* withClause:WithClause op all larg:SelectStmt rarg:SelectStmt',
  InsertStmt:
    'relation:RangeVar cols* selectStmt. onConflictClause:OnConflictClause returningClause:ReturningClause withClause:WithClause override',
  UpdateStmt:
    'relation:RangeVar targetList* whereClause. fromClause* returningClause:ReturningClause withClause:WithClause',
  DeleteStmt: 'relation:RangeVar usingClause* whereClause. returningClause:ReturningClause withClause:WithClause',
  ExplainStmt: 'query. options*',
  DefElem: 'defname arg. defaction location',
  ReturningClause: 'exprs*',
  OnConflictClause: 'action infer:InferClause targetList* whereClause. location',
  InferClause: 'indexElems* whereClause. conname location',
  IndexElem: 'name expr. ordering nulls_ordering location',
  WithClause: 'ctes* recursive location',
  CommonTableExpr: 'ctename aliascolnames* ctematerialized ctequery. location',
  RangeVar: 'schemaname relname inh relpersistence alias:Alias location',
  Alias: 'aliasname colnames*',
  RangeSubselect: 'lateral subquery. alias:Alias',
  RangeFunction: 'lateral ordinality functions* alias:Alias',
  JoinExpr: 'jointype isNatural larg. rarg. usingClause* quals.',
  ResTarget: 'name indirection* val. location',
  ColumnRef: 'fields* location',
  ParamRef: 'number location',
  A_Const: 'ival fval boolval sval bsval isnull location',
  A_Expr: 'kind name* lexpr. rexpr. rexpr_list_start rexpr_list_end location',
  BoolExpr: 'boolop args* location',
  NullTest: 'arg. nulltesttype location',
  BooleanTest: 'arg. booltesttype location',
  CaseExpr: 'arg. args* defresult. location',
  CaseWhen: 'expr. result. location',
  CoalesceExpr: 'args* location',
  MinMaxExpr: 'op args* location',
  RowExpr: 'args* row_format location',
  SubLink: 'subLinkType testexpr. operName* subselect. location',
  FuncCall:
    'funcname* args* agg_order* agg_filter. over:WindowDef agg_within_group agg_star agg_distinct func_variadic funcformat location',
  WindowDef: 'name refname partitionClause* orderClause* frameOptions startOffset. endOffset. location',
  SortBy: 'node. sortby_dir sortby_nulls location',
  TypeCast: 'arg. typeName:TypeName location',
  TypeName: 'names* typmods* typemod arrayBounds* location',
  A_ArrayExpr: 'elements* list_start list_end location',
  A_Indirection: 'arg. indirection*',
  A_Indices: 'is_slice lidx. uidx.',
  CollateClause: 'arg. collname* location',
  SQLValueFunction: 'op typmod location',
  GroupingSet: 'kind content* location',
  GroupingFunc: 'args* location',
  NamedArgExpr: 'name arg. argnumber location',
  SetToDefault: 'location',
  MultiAssignRef: 'source. colno ncolumns',
  LockingClause: 'lockedRels* strength waitPolicy',
  List: 'items*',
  String: 'sval',
  Integer: 'ival',
  A_Star: '',
};

type Field = { readonly holds: 'plain' | 'node' | 'list' } | { readonly holds: 'fields'; readonly type: string };

const fieldOf = (text: string): readonly [string, Field] => {
  const [name = '', type] = text.split(':');
  if (type !== undefined) return [name, { holds: 'fields', type }];
  if (name.endsWith('.')) return [name.slice(0, -1), { holds: 'node' }];
  return name.endsWith('*') ? [name.slice(0, -1), { holds: 'list' }] : [name, { holds: 'plain' }];
};
const TABLE: ReadonlyMap<string, ReadonlyMap<string, Field>> = new Map(
  Object.entries(SHAPES).map(([type, fields]) => [type, new Map(fields.split(' ').filter(Boolean).map(fieldOf))]),
);

/** Why a tree is not looked at any further. */
export class StatementRefusal extends Error {
  readonly problem: 'unserved' | 'unresolved' | 'complex';
  constructor(problem: 'unserved' | 'unresolved' | 'complex') {
    super(problem);
    this.problem = problem;
  }
}

export const refuse = (problem: StatementRefusal['problem']): never => {
  throw new StatementRefusal(problem);
};

/** One node: its type and its fields. */
export interface Node {
  readonly type: string;
  readonly fields: Tree;
}

const isObject = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A node as it stands in the tree, `{Type: {fields}}`; `undefined` for none. */
export function nodeOf(value: unknown): Node | undefined {
  if (!isObject(value)) return undefined;
  const [entry, ...more] = Object.entries(value);
  if (entry === undefined || more.length > 0 || !isObject(entry[1])) return undefined;
  return { type: entry[0], fields: entry[1] };
}

export const nodesOf = (value: unknown): readonly Node[] =>
  Array.isArray(value) ? value.map(nodeOf).filter((node) => node !== undefined) : [];
export const fieldsOf = (value: unknown): Tree | undefined => (isObject(value) ? value : undefined);
export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** The strings of a list of `String` nodes. */
export const textsOf = (value: unknown): readonly string[] =>
  nodesOf(value).map(({ type, fields }) => {
    const text = type === 'String' ? textOf(fields['sval'] ?? '') : undefined;
    return text ?? refuse('unserved');
  });

/** The nodes directly below one. */
export function childrenOf({ type, fields }: Node): readonly Node[] {
  const shape = TABLE.get(type) ?? refuse('unserved');
  const found: Node[] = [];
  for (const [name, value] of Object.entries(fields)) {
    const field = shape.get(name) ?? refuse('unserved');
    if (field.holds === 'plain') continue;
    if (field.holds === 'fields') found.push({ type: field.type, fields: fieldsOf(value) ?? refuse('unserved') });
    else if (field.holds === 'node') found.push(nodeOf(value) ?? refuse('unserved'));
    else if (!Array.isArray(value)) refuse('unserved');
    // The grammar leaves `{}` for an absent member of a list.
    else for (const item of value) if (!isEmpty(item)) found.push(nodeOf(item) ?? refuse('unserved'));
  }
  return found;
}

const isEmpty = (value: unknown): boolean => isObject(value) && Object.keys(value).length === 0;

/** Deeper than people write. What walks the tree recurses. */
const MOST_DEPTH = 2_000;

/** Visits a tree, and refuses it where a node or a field is not in the table. */
export function vet(root: Node, visit: (node: Node) => void): void {
  const waiting: { readonly node: Node; readonly depth: number }[] = [{ node: root, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, depth } = next;
    if (depth > MOST_DEPTH) refuse('complex');
    visit(node);
    for (const child of childrenOf(node)) waiting.push({ node: child, depth: depth + 1 });
  }
}
