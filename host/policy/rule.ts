import { hash } from 'node:crypto';
import type { Obligations, RuleRef } from '../contracts/decision.ts';
import { parseCondition, type Condition } from './condition.ts';
import type { ClauseScope } from './conditions/clause.ts';
import { createZoneClocks } from './conditions/zone-clock.ts';
import { parseObligations } from './obligation.ts';
import type { RuleCells } from './policy-file.ts';
import { parseResourcePattern, type ResourcePattern } from './resource-pattern.ts';
import type { Words } from './vocabulary.ts';

export type RuleEffect = 'allow' | 'deny';

/** A rule, compiled. */
export interface Rule extends RuleRef {
  readonly cells: RuleCells;
  /** `agent:NAME` or `role:NAME`. */
  readonly subject: string;
  readonly action: string;
  readonly resource: ResourcePattern;
  readonly condition: Condition;
  readonly effect: RuleEffect;
  readonly obligations: Obligations;
}

/** A rule as the policy file has it: checked, and compiled where it is needed. */
export interface PlacedRule {
  readonly id: string;
  readonly line: number;
  /** Cut out of the row each time. */
  readonly cells: RuleCells;
  /** The cells in canonical spelling. */
  readonly row: string;
}

/** A class, so that the cells of a hundred thousand rows are not kept beside the rows. */
class Placed implements PlacedRule {
  readonly id: string;
  readonly line: number;
  readonly row: string;

  constructor(id: string, row: string, line: number) {
    this.id = id;
    this.line = line;
    this.row = row;
  }

  get cells(): RuleCells {
    return cellsOf(this.row);
  }
}

/** A rule from its row in canonical spelling. */
export const placeRule = (row: string, line: number): PlacedRule => Object.freeze(new Placed(ruleId(row), row, line));

/** The same rule in another line. */
export const moveRule = (rule: PlacedRule, line: number): PlacedRule =>
  rule.line === line ? rule : Object.freeze(new Placed(rule.id, rule.row, line));

/** The subject of a row in canonical spelling. */
export const subjectOf = (row: string): string => row.slice(0, row.indexOf(', '));

/** The cells as one line, without the `p`. No cell holds a comma, so two rules with the same text are the same rule. */
export const canonicalRow = (cells: RuleCells): string => cells.join(', ');

/** The row as it stands in the file, in canonical spelling. */
export const ruleLine = (cells: RuleCells): string => `p, ${canonicalRow(cells)}`;

/** The name of a rule: changes when and only when a cell changes. */
export const ruleId = (row: string): string => `p-${hash('sha256', row, 'hex').slice(0, 10)}`;

/** The cells of a row in canonical spelling. */
// The row was made from six cells, and no cell holds a comma.
export const cellsOf = (row: string): RuleCells => row.split(', ') as unknown as RuleCells;

/** Compiles cells. Conditions and obligations that are alike share one compiled value. */
export interface CellCompiler {
  resource(cell: string): ResourcePattern;
  condition(cell: string, isArgument: ClauseScope['isArgument']): Condition;
  obligations(cell: string, effect: RuleEffect): Obligations;
}

export function createCellCompiler(words: Words): CellCompiler {
  const zones = createZoneClocks();
  const conditions = new Map<string, Condition>();
  const obligations = new Map<string, Obligations>();
  return Object.freeze({
    resource: parseResourcePattern,
    condition(cell: string, isArgument: ClauseScope['isArgument']) {
      // Which arguments there are depends on action and resource, so only cells without any are alike everywhere.
      const parse = () => parseCondition(cell, { words, zones, isArgument });
      return cell.includes('arg.') ? parse() : remembered(conditions, cell, parse);
    },
    obligations: (cell: string, effect: RuleEffect) =>
      remembered(obligations, `${effect} ${cell}`, () => parseObligations(cell, effect, words)),
  });
}

function remembered<Value>(known: Map<string, Value>, key: string, make: () => Value): Value {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    known.set(key, value);
  }
  return value;
}

/** Compiles a rule whose cells were checked when the policy was loaded. */
export function compileRule({ id, cells }: Pick<PlacedRule, 'id' | 'cells'>, compiler: CellCompiler): Rule {
  const [subject, action, resourceCell, conditionCell, effectCell, obligationCell] = cells;
  const effect = effectCell === 'allow' ? 'allow' : 'deny';
  const resource = compiler.resource(resourceCell);
  return {
    id,
    cells,
    subject,
    action,
    resource,
    namesHost: resource.namesHost,
    condition: compiler.condition(conditionCell, () => true),
    effect,
    obligations: withRule(compiler.obligations(obligationCell, effect), id, cells),
  };
}

/** Each counter of a budget is that of one rule; cells that are alike are read once. */
function withRule(obligations: Obligations, rule: string, cells: RuleCells): Obligations {
  const { budgets } = obligations;
  if (budgets === undefined) return obligations;
  const counter = counterName(cells);
  return { ...obligations, budgets: budgets.map((term) => ({ ...term, rule, counter })) };
}

/** The name of what the budgets of a rule count: what it allows, whatever it asks for in return. */
export const counterName = (cells: RuleCells): string =>
  `c-${hash('sha256', cells.slice(0, -1).join(', '), 'hex').slice(0, 16)}`;
