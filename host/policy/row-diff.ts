import type { PolicySource } from './policy-snapshot.ts';
import type { RuleCells } from './policy-file.ts';
import { coversResource, parseResourcePattern } from './resource-pattern.ts';
import { ANY_ROLE, createRoleGraph, type RoleGraph } from './role-graph.ts';
import { changesBetween, rowsOf, type TextRows } from './store/row-changes.ts';
import { actionMatches } from './vocabulary.ts';

/**
 * What a change does to what is allowed: `widens` it, `narrows` it, is `neutral` (nobody has the row), or `unclear`: that
 * depends on other rows, or on what is asked.
 */
export type Direction = 'widens' | 'narrows' | 'neutral' | 'unclear';

/** One difference between two policies: a row that is new, one that is gone, or one that was written anew. */
export interface RowChange {
  readonly kind: 'added' | 'removed' | 'changed';
  readonly direction: Direction;
  /** The row as it was, in canonical spelling and with the columns of its model. */
  readonly before?: string;
  readonly after?: string;
}

/** Compares two policies row by row. Rows are compared by what they say: order, comments and spaces do not count. */
export function diffPolicies(before: PolicySource, after: PolicySource): readonly RowChange[] {
  const [old, new_] = [sideOf(before), sideOf(after)];
  const { added, removed } = changesBetween(old.rows, new_.rows);
  const gone = new Set(removed);
  const closest = createClosest(removed, old.rows);
  const [written, writtenNow] = [createWritten(old, new_), createWritten(new_, old)];
  const changes: RowChange[] = [];
  for (const row of added) {
    const cells = new_.rows.rules.get(row);
    const previous = cells && closest(cells, gone);
    if (cells === undefined || previous === undefined) {
      changes.push({
        kind: 'added',
        direction: cells ? addition(cells, new_) : roleChange(row, new_, true),
        after: writtenNow(row),
      });
      continue;
    }
    gone.delete(previous);
    const was = old.rows.rules.get(previous);
    changes.push({
      kind: 'changed',
      direction: was === undefined ? 'unclear' : rewriting(was, cells, new_),
      before: written(previous),
      after: writtenNow(row),
    });
  }
  for (const row of gone) {
    const cells = old.rows.rules.get(row);
    changes.push({
      kind: 'removed',
      direction: cells ? removal(cells, new_) : roleChange(row, old, false),
      before: written(row),
    });
  }
  return changes;
}

interface Side {
  readonly rows: TextRows;
  readonly roles: RoleGraph;
}

function sideOf(source: PolicySource): Side {
  const rows = rowsOf(source);
  return { rows, roles: createRoleGraph([...rows.links.values()]) };
}

/**
 * Shows the rows of one side with the columns of their model; in the six cells where the other side has the same row and
 * means something else by it.
 */
function createWritten({ rows }: Side, other: Side): (row: string) => string {
  if (rows.written.size === 0) return (row) => row;
  const others = new Set([...other.rows.rules.keys(), ...other.rows.links.keys()].map((row) => formOf(row, other)));
  return (row) => {
    const own = formOf(row, { rows });
    return others.has(own) ? row : own;
  };
}

const formOf = (row: string, { rows }: Pick<Side, 'rows'>): string => rows.written.get(row) ?? row;

/** The row that was most likely written anew: of the same effect, and different in one cell only. */
type Closest = (cells: RuleCells, gone: ReadonlySet<string>) => string | undefined;

/** Five of the six cells lead to the rows that have them: those that are gone are not all looked at for each that is new. */
function createClosest(removed: readonly string[], { rules }: TextRows): Closest {
  const byOthers = new Map<string, { readonly row: string; readonly order: number }[]>();
  for (const [order, row] of removed.entries())
    for (const key of keysOf(rules.get(row))) {
      const alike = byOthers.get(key);
      if (alike === undefined) byOthers.set(key, [{ row, order }]);
      else alike.push({ row, order });
    }
  return (cells, gone) => {
    const found = keysOf(cells).flatMap((key) => {
      const alike = byOthers.get(key) ?? [];
      while (alike[0] !== undefined && !gone.has(alike[0].row)) alike.shift();
      return alike.slice(0, 1);
    });
    return found.sort((one, two) => one.order - two.order)[0]?.row;
  };
}

/** The cells without one of them, for each but the effect. */
function keysOf(cells: RuleCells | undefined): readonly string[] {
  if (cells === undefined) return [];
  return [0, 1, 2, 3, 5].map((left) => `${left} ${cells.filter((_, index) => index !== left).join(', ')}`);
}

const opposite = (direction: Direction): Direction =>
  direction === 'widens' ? 'narrows' : direction === 'narrows' ? 'widens' : direction;

/** A new row. One that asks for more than another that allows the same makes less possible, not more. */
function addition(cells: RuleCells, side: Side): Direction {
  if (cells[4] === 'deny') return 'narrows';
  return cells[5] !== '-' && isCovered(cells, side) ? 'unclear' : 'widens';
}

/** A row that is gone. With it goes what it asked for: where another row still allows the same, nothing asks any more. */
function removal(cells: RuleCells, side: Side): Direction {
  if (cells[4] === 'deny') return 'widens';
  return cells[5] !== '-' && isCovered(cells, side) ? 'unclear' : 'narrows';
}

/** Whether another allow row may allow something of what a row allows. */
function isCovered(cells: RuleCells, { rows, roles }: Side): boolean {
  const [subject, action, resource] = cells;
  const own = patternOf(resource);
  const closure = new Set([...roles.closure(subject), ANY_ROLE]);
  return [...rows.rules.values()].some((other) => {
    if (other === cells || other[4] !== 'allow' || other.every((cell, index) => cell === cells[index])) return false;
    const [who, what, where] = other;
    if (!closure.has(who) && !roles.closure(who).includes(subject)) return false;
    if (!actionMatches(action, what) && !actionMatches(what, action)) return false;
    const pattern = patternOf(where);
    return own === undefined || pattern === undefined || coversResource(pattern, own) || coversResource(own, pattern);
  });
}

function patternOf(text: string) {
  try {
    return parseResourcePattern(text);
  } catch {
    return undefined; // a text that does not load may hold anything
  }
}

/** One cell of a row was changed. */
function rewriting(was: RuleCells, is: RuleCells, side: Side): Direction {
  const at = was.findIndex((cell, index) => cell !== is[index]);
  const direction = cellChange(at, was, is, side);
  return was[4] === 'deny' && at !== 5 ? opposite(direction) : direction;
}

/** What the change of a cell does to what its row matches; in the last cell, to what it asks for. */
function cellChange(at: number, was: RuleCells, is: RuleCells, { roles }: Side): Direction {
  const [before, after] = [was[at] ?? '', is[at] ?? ''];
  switch (at) {
    case 0:
      if (after === ANY_ROLE || roles.closure(before).includes(after)) return 'widens';
      return before === ANY_ROLE || roles.closure(after).includes(before) ? 'narrows' : 'unclear';
    case 1:
      if (actionMatches(before, after)) return 'widens';
      return actionMatches(after, before) ? 'narrows' : 'unclear';
    case 2: {
      const [old, new_] = [patternOf(before), patternOf(after)];
      if (old === undefined || new_ === undefined) return 'unclear';
      if (coversResource(new_, old)) return 'widens';
      return coversResource(old, new_) ? 'narrows' : 'unclear';
    }
    case 3:
      // Every clause must hold: one more makes a row match less.
      return itemsChange(before, after);
    case 5:
      if (was[4] === 'deny') return 'neutral'; // it only tells
      return itemsChange(before, after);
    default:
      return 'unclear';
  }
}

/** Items that all bind: fewer of them widen, more narrow. One that was changed is not compared. */
function itemsChange(before: string, after: string): Direction {
  const [old, new_] = [itemsOf(before), itemsOf(after)];
  const fewer = [...new_].every((item) => old.has(item));
  const more = [...old].every((item) => new_.has(item));
  if (fewer) return 'widens';
  return more ? 'narrows' : 'unclear';
}

const itemsOf = (cell: string): ReadonlySet<string> => new Set(cell === '-' ? [] : cell.split(' '));

/** A role that was given or taken: what that does, the rows of the role say. */
function roleChange(row: string, { rows, roles }: Side, given: boolean): Direction {
  const role = rows.links.get(row)?.[1];
  if (role === undefined) return 'unclear';
  const reached = new Set(roles.closure(role));
  const effects = new Set(
    [...rows.rules.values()].flatMap(([who, , , , effect]) => (reached.has(who) ? [effect] : [])),
  );
  if (effects.size === 0) return 'neutral';
  if (effects.size > 1) return 'unclear';
  return effects.has('allow') === given ? 'widens' : 'narrows';
}
