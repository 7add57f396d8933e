import type { DecisionContext } from '../../host/contracts/decision-point.ts';
import type { EngineChoice } from '../../host/contracts/engine-choice.ts';
import { createDecisionPoint } from '../../host/policy/decision-point.ts';
import { DEFAULT_MODEL } from '../../host/policy/default-model.ts';
import type { Term } from '../../host/policy/model/matcher.ts';
import type { Model } from '../../host/policy/model/model.ts';
import { createRowLayout, inDomain } from '../../host/policy/model/row-layout.ts';
import { openPolicyFile, type Row, type RuleCells, type SourceText } from '../../host/policy/policy-file.ts';
import { createProblemList } from '../../host/policy/problem-list.ts';
import { createRoleGraph } from '../../host/policy/role-graph.ts';
import { ruleId } from '../../host/policy/rule.ts';
import { finish } from '../../host/policy/steps.ts';

/** What a plain policy answers: whether, and by which rows as they are written. */
export interface PlainAnswer {
  readonly allowed: boolean;
  readonly rows: readonly string[];
}

/** Answers a request: its values by column. */
export type PlainPolicy = (request: ReadonlyMap<string, string>) => PlainAnswer;

/** A column that an alternative does not compare is the same in every row and request. */
const ANYTHING = '-';

/**
 * A policy over plain names, decided by the decision point of the product: its model reader, its row reader, its layouts,
 * its role graph, its index and its engines. Only what a name must look like is not asked; a name becomes a resource, and
 * an agent or a role, so that the same code can hold it. An alternative of the matcher is a policy of its own.
 *
 * Throws where the row reader refuses a row.
 */
export function plainPolicy(model: Model, source: SourceText, deciding: EngineChoice): PlainPolicy {
  const problems = createProblemList();
  const layout = createRowLayout({
    columns: model.policy,
    roles: model.roles,
    exact: { act: true, obj: true },
    constants: [],
  });
  const opened = finish(openPolicyFile(source, layout, problems));
  const links = finish(opened.links());
  const rules: Row<readonly string[]>[] = [];
  finish(opened.rules((row) => rules.push(row)));
  problems.throwIfAny();
  const roleNames = new Set(links.map(({ cells }) => cells[1]));
  const subjectOf = (name: string): string => `${roleNames.has(name) ? 'role' : 'agent'}:${name}`;
  const roles = createRoleGraph(
    links.map(({ cells: [member = '', role = '', ...domain] }) =>
      layout.readLink([subjectOf(member), subjectOf(role), ...domain]),
    ),
  );
  const written = rules.map(({ cells }) => cells.join(', '));
  const environments = [...new Set(rules.map(({ cells }) => layout.read(cells).domain ?? ''))];
  const words = { purposes: [], environments, labels: [], approvers: [], detectors: [], alerts: [] };

  const alternatives = model.matcher.map((terms) => {
    const compares = comparedBy(terms);
    const rows = rules.map(({ cells }) => {
      const own = new Map(model.policy.map((column, index) => [column, cells[index] ?? '']));
      const value = (column: string): string => compares(column, own.get(column) ?? ANYTHING);
      const named = new Map([...own.keys()].map((column) => [column, value(column)]));
      if (named.has('sub')) named.set('sub', subjectOf(named.get('sub') ?? ''));
      const { rule } = layout.read(model.policy.map((column) => named.get(column) ?? ''));
      const [who, action, resource, ...rest] = rule;
      return [who, action, `/${resource}`, ...rest] as unknown as RuleCells;
    });
    return (request: ReadonlyMap<string, string>): PlainAnswer => {
      const value = (column: string): string =>
        compares(column, ANYTHING) === ANYTHING && !isCompared(terms, column)
          ? ANYTHING
          : (request.get(column) ?? ANYTHING);
      const domain = request.get('dom');
      const subject = model.policy.includes('sub') ? subjectOf(value('sub')) : ANYTHING;
      const agent = domain === undefined ? subject : inDomain(subject, domain);
      const subjects = roles.closure(agent);
      // A policy never has the same rule twice; the rows of one alternative may, where it compares less than they say.
      const distinct = new Map(
        [...rows.entries()].map(([index, cells]) => [cells.join(', '), [index, cells] as const]),
      );
      const own = [...distinct.values()].filter(([, [who]]) => subjects.includes(who));
      const slice = {
        agent,
        ref: { digest: 'sha256:plain', generation: 1 },
        model: DEFAULT_MODEL,
        deciding,
        subjects,
        words,
        rows: own.map(([, cells]) => cells.join(', ')),
      };
      const rowOf = new Map(own.map(([index, cells]) => [ruleId(cells.join(', ')), written[index] ?? '']));
      const context: DecisionContext = { nowMs: 0, ...(domain === undefined ? {} : { environment: domain }) };
      const access = { action: value('act'), resource: `/${value('obj')}`, attributes: new Map() };
      const decision = createDecisionPoint(slice, agent).decide([access], context);
      if (decision.diverged !== undefined) throw new Error('the engines disagree');
      if (decision.effect === 'deny' && !['no-rule', 'forbidden-by-rule'].includes(decision.reason))
        throw new Error(`the decision point could not decide: ${decision.reason}`);
      return { allowed: decision.effect === 'allow', rows: decision.rules.map(({ id }) => rowOf.get(id) ?? id) };
    };
  });

  return (request) => {
    const answers = alternatives.map((ask) => ask(request));
    return { allowed: answers.some(({ allowed }) => allowed), rows: answers.flatMap(({ rows }) => rows) };
  };
}

const isCompared = (terms: readonly Term[], column: string): boolean =>
  terms.some((term) => ('column' in term && term.column === column) || (term.kind === 'role' && column === 'sub'));

/** What a row has in a column as far as these terms compare it: its own cell, the text of the matcher, or nothing. */
function comparedBy(terms: readonly Term[]): (column: string, cell: string) => string {
  return (column, cell) => {
    const literal = terms.find((term) => term.kind === 'literal' && term.column === column);
    if (literal?.kind === 'literal') return literal.value;
    const free = ['sub', 'act', 'obj'].includes(column) && !isCompared(terms, column);
    return free ? ANYTHING : cell;
  };
}
