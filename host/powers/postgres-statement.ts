import type { RelationName } from './postgres-catalog.ts';
import { isServedType, servedFunction, servedOperator } from './postgres-functions.ts';
import type { Tree } from './postgres-grammar.ts';
import { fieldsOf, nodeOf, nodesOf, refuse, textOf, textsOf, vet, type Node } from './postgres-nodes.ts';

/** A statement whose every node is known and served. What its names mean is not known yet. */
export interface VettedStatement {
  readonly root: Node;
  readonly explains: boolean;
  /** True if a common table expression may read itself. */
  readonly recursive: boolean;
  /** Every table that it names, and every sequence; some may be common table expressions. */
  readonly names: readonly RelationName[];
  readonly functions: readonly string[];
  readonly operators: readonly string[];
  /** The number of its highest parameter. */
  readonly parameters: number;
}

const SERVED: ReadonlySet<string> = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt']);
const EXPLAIN_OPTIONS: ReadonlySet<string> = new Set([
  'analyze',
  'verbose',
  'costs',
  'buffers',
  'timing',
  'summary',
  'format',
]);
/** Those that tell a time; the others tell who is logged in and where. */
const VALUES: ReadonlySet<string> = new Set(
  ['DATE', 'TIME', 'TIME_N', 'TIMESTAMP', 'TIMESTAMP_N']
    .map((name) => `SVFOP_CURRENT_${name}`)
    .concat(['TIME', 'TIME_N', 'TIMESTAMP', 'TIMESTAMP_N'].map((name) => `SVFOP_LOCAL${name}`)),
);
const SEQUENCE = /^(?:([a-z_][a-z0-9_]*)\.)?([a-z_][a-z0-9_]*)$/;
const MOST_PARAMETERS = 1_000;

/** Checks every node of a statement against what is served, and collects the names in it. */
export function vetStatement(statement: Tree): VettedStatement {
  const top = nodeOf(statement) ?? refuse('unserved');
  const explains = top.type === 'ExplainStmt';
  if (explains) vetExplain(top);
  const root = explains ? (nodeOf(top.fields['query']) ?? refuse('unserved')) : top;
  if (!SERVED.has(root.type)) return refuse('unserved');
  const names = new Map<string, RelationName>();
  const functions = new Set<string>();
  const operators = new Set<string>();
  let parameters = 0;
  let recursive = false;
  const addName = (schema: string | undefined, name: string): void =>
    void names.set(`${schema ?? ''}\0${name}`, { schema, name });

  vet(root, ({ type, fields }) => {
    switch (type) {
      case 'RangeVar':
        if (fields['relpersistence'] !== 'p') refuse('unserved');
        addName(textOf(fields['schemaname']), textOf(fields['relname']) ?? refuse('unserved'));
        return;
      case 'FuncCall': {
        vetCall(fields, functions, addName);
        return;
      }
      case 'A_Expr': {
        addOperator(textsOf(fields['name']), operators);
        return;
      }
      case 'SubLink':
        if (fields['operName'] !== undefined) addOperator(textsOf(fields['operName']), operators);
        return;
      case 'TypeName':
        if (!isServedType(textsOf(fields['names']))) refuse('unserved');
        return;
      case 'SQLValueFunction':
        if (!VALUES.has(textOf(fields['op']) ?? '')) refuse('unserved');
        return;
      case 'WithClause':
        recursive ||= fields['recursive'] === true;
        return;
      case 'ParamRef':
        parameters = Math.max(parameters, typeof fields['number'] === 'number' ? fields['number'] : 0);
        return;
      case 'A_Indirection': // `(row).name` may call a function of that name
        for (const step of nodesOf(fields['indirection'])) if (step.type !== 'A_Indices') refuse('unserved');
        return;
      default:
        return;
    }
  });
  if (parameters > MOST_PARAMETERS) refuse('complex');
  return {
    root,
    explains,
    recursive,
    names: [...names.values()],
    functions: [...functions],
    operators: [...operators],
    parameters,
  };
}

function vetExplain({ fields }: Node): void {
  for (const option of nodesOf(fields['options'])) {
    const name = textOf(option.fields['defname']) ?? '';
    const argument = option.fields['arg'];
    const value = argument === undefined ? undefined : nodeOf(argument);
    const plain = argument === undefined || ['String', 'Integer', 'Boolean'].includes(value?.type ?? '');
    if (option.type !== 'DefElem' || !EXPLAIN_OPTIONS.has(name) || !plain) refuse('unserved');
  }
}

function addOperator(names: readonly string[], operators: Set<string>): void {
  const name = servedOperator(names) ?? refuse('unserved');
  // Constructs that the grammar keeps as if they were operators.
  if (!/^(?:NOT )?BETWEEN(?: SYMMETRIC)?$/.test(name)) operators.add(name);
}

type AddName = (schema: string | undefined, name: string) => void;

function vetCall(fields: Tree, functions: Set<string>, addName: AddName): void {
  const sequence = sequenceOf(fields);
  if (sequence !== undefined) {
    addName(sequence.schema, sequence.name);
    functions.add('nextval');
    return;
  }
  functions.add(servedFunction(textsOf(fields['funcname'])) ?? refuse('unserved'));
}

/** The sequence of `nextval('name')`: it changes it. Only where the name is written there, and needs no folding. */
export function sequenceOf(fields: Tree): RelationName | undefined {
  const names = textsOf(fields['funcname']);
  const plain = names.join('.') === 'nextval' || names.join('.') === 'pg_catalog.nextval';
  const [argument, ...more] = nodesOf(fields['args']);
  if (!plain || argument?.type !== 'A_Const' || more.length > 0) return undefined;
  const text = textOf(fieldsOf(argument.fields['sval'])?.['sval']) ?? '';
  const [, schema, name] = SEQUENCE.exec(text) ?? [];
  return name === undefined ? undefined : { schema, name };
}
