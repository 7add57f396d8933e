import { CellError } from '../cell-error.ts';
import type { SourceText } from '../policy-file.ts';
import { createProblemList, type ProblemList } from '../problem-list.ts';
import type { CellCompiler } from '../rule.ts';
import type { Term } from './matcher.ts';
import { parseModel, type Model, type Section } from './model.ts';
import { createRowLayout, SIX_COLUMNS, type LayoutPlan, type RowLayout } from './row-layout.ts';

/**
 * Reads the model of a policy and says how its rows are read. A host asks more of it than the grammar does: every row is
 * about someone, an action and a resource, and nothing that a row says is without effect. Every mistake goes to `problems`.
 */
export function readModelLayout(
  source: SourceText,
  compiler: CellCompiler,
  problems: ProblemList,
): RowLayout | undefined {
  const model = parseModel(source, problems);
  if (model === undefined) return undefined;
  const report = ({ section, offset, message }: Complaint): void =>
    problems.add({ file: source.file, ...model.place(section, offset), message });
  const complaints = [...complain(model)];
  for (const complaint of complaints) report(complaint);
  if (complaints.length > 0) return undefined;
  for (const term of model.matcher.flat()) {
    if (term.kind !== 'fact') continue;
    try {
      compiler.condition(term.clause, () => false);
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      report({ section: 'matchers', offset: term.offset, message: error.message });
    }
  }
  return createRowLayout(planOf(model));
}

/**
 * How the rows of a text are read that was kept and may not load any more; whether its model is accepted is not asked.
 * What cannot be read as a model is read as if there were none.
 */
export function keptLayout(model: SourceText | undefined): RowLayout {
  const read = model === undefined ? undefined : parseModel(model, createProblemList());
  return read === undefined ? SIX_COLUMNS : createRowLayout(planOf(read));
}

interface Complaint {
  readonly section: Section;
  readonly offset?: number;
  readonly message: string;
}

function* complain(model: Model): Generator<Complaint> {
  const { request, policy, matcher } = model;
  for (const column of ['sub', 'act', 'obj']) {
    if (!request.includes(column))
      yield { section: 'request_definition', message: `a request has a \`${column}\`; add the column` };
    if (!policy.includes(column))
      yield {
        section: 'policy_definition',
        message: `a row names its \`${column}\`; add the column${column === 'sub' ? ' (`role:any` is every agent)' : ''}`,
      };
  }
  const [terms = [], second] = matcher;
  const [other] = second ?? [];
  if (other !== undefined) {
    const message = '`||` is not accepted: limits of a row would count for each alternative; write one row for each';
    yield { section: 'matchers', offset: other.offset, message };
    return;
  }
  yield* complainOfTerms(model, terms);
}

function* complainOfTerms({ policy, request, roles }: Model, terms: readonly Term[]): Generator<Complaint> {
  const section = 'matchers';
  const used = new Set<string>();
  for (const [index, term] of terms.entries()) {
    const { offset } = term;
    if (term.kind === 'literal')
      yield { section, offset, message: `\`r.${term.column}\` is compared with a text; write it in the rows` };
    if (term.kind === 'note' && index !== terms.length - 1)
      yield { section, offset, message: '`note` stands last, so that it sees the rows that match' };
    for (const column of columnsOf(term)) {
      if (used.has(column)) yield { section, offset, message: `\`${column}\` is compared twice` };
      used.add(column);
    }
  }
  for (const column of policy) {
    if (used.has(column) || ['eft', 'then'].includes(column)) continue;
    yield { section, message: `nothing compares \`p.${column}\`; expected \`${COMPARED.get(column) ?? ''}\`` };
  }
  if (request.includes('dom') && !policy.includes('dom'))
    yield { section: 'policy_definition', message: 'a request has a domain and a row has none; add the column `dom`' };
  const byRole = terms.find(({ kind }) => kind === 'role');
  if (roles !== 'none' && byRole === undefined)
    yield { section: 'role_definition', message: 'roles are defined and the matcher does not use `g`' };
  if (roles === 'domain' && !policy.includes('dom'))
    yield {
      section,
      ...(byRole === undefined ? {} : { offset: byRole.offset }),
      message: 'a role of a domain needs a row of that domain; add the column `dom` and `r.dom == p.dom`',
    };
}

/** How each column is compared. */
const COMPARED: ReadonlyMap<string, string> = new Map([
  ['sub', 'g(r.sub, p.sub)'],
  ['dom', 'r.dom == p.dom'],
  ['act', 'actMatch(r.act, p.act)'],
  ['obj', 'objMatch(r.obj, p.obj)'],
  ['when', 'when(r.ctx, p.when, p.eft)'],
  ['purpose', 'r.ctx.purpose == p.purpose'],
  ['on_behalf_of', 'r.ctx.on_behalf_of == p.on_behalf_of'],
]);

/** The columns of a row that a term compares. */
function columnsOf(term: Term): readonly string[] {
  switch (term.kind) {
    case 'equal':
    case 'pattern':
    case 'fact-column':
      return [term.column];
    case 'role':
      return ['sub'];
    case 'when':
      return ['when'];
    case 'literal':
    case 'fact':
    case 'note':
      return [];
  }
}

function planOf({ policy, roles, matcher }: Model): LayoutPlan {
  const terms = matcher[0] ?? [];
  const isExact = (column: string): boolean => terms.some((term) => term.kind === 'equal' && term.column === column);
  return {
    columns: policy,
    roles,
    exact: { act: isExact('act'), obj: isExact('obj') },
    constants: terms.flatMap((term) => (term.kind === 'fact' ? [term.clause] : [])),
  };
}
