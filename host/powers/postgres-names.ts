import type { Tree } from './postgres-grammar.ts';
import { fieldsOf, nodeOf, nodesOf, textOf, textsOf, type Node } from './postgres-nodes.ts';

/** The name that Postgres gives to a column of the result without one (`FigureColname`). */
export function impliedName({ type, fields }: Node): string {
  switch (type) {
    case 'ColumnRef':
      return textOf(nodesOf(fields['fields']).at(-1)?.fields['sval']) ?? '?column?';
    case 'FuncCall':
      return textsOf(fields['funcname']).at(-1) ?? '?column?';
    case 'TypeCast': {
      const inner = nodeOf(fields['arg']);
      const name = inner === undefined ? '?column?' : impliedName(inner);
      return name === '?column?' ? (textsOf(fieldsOf(fields['typeName'])?.['names']).at(-1) ?? name) : name;
    }
    case 'A_Indirection':
    case 'CollateClause': {
      const inner = nodeOf(fields['arg']);
      return inner === undefined ? '?column?' : impliedName(inner);
    }
    case 'CaseExpr': {
      const last = nodeOf(fields['defresult']);
      const name = last === undefined ? '?column?' : impliedName(last);
      return name === '?column?' ? 'case' : name;
    }
    case 'CoalesceExpr':
      return 'coalesce';
    case 'MinMaxExpr':
      return fields['op'] === 'IS_LEAST' ? 'least' : 'greatest';
    case 'A_ArrayExpr':
      return 'array';
    case 'RowExpr':
      return 'row';
    case 'GroupingFunc':
      return 'grouping';
    case 'A_Expr':
      return fields['kind'] === 'AEXPR_NULLIF' ? 'nullif' : '?column?';
    case 'SQLValueFunction':
      return (textOf(fields['op']) ?? '')
        .replace(/^SVFOP_/, '')
        .replace(/_N$/, '')
        .toLowerCase();
    case 'SubLink':
      return impliedSubquery(fields);
    default:
      return '?column?';
  }
}

function impliedSubquery(fields: Tree): string {
  if (fields['subLinkType'] === 'EXISTS_SUBLINK') return 'exists';
  if (fields['subLinkType'] === 'ARRAY_SUBLINK') return 'array';
  const [first] = nodesOf(nodeOf(fields['subselect'])?.fields['targetList']);
  const target = nodeOf(first?.fields['val']);
  return textOf(first?.fields['name']) ?? (target === undefined ? '?column?' : impliedName(target));
}
