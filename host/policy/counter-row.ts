import { ruleLine, type Rule } from './rule.ts';

/**
 * The deny rows that make the condition of an allow row a requirement: one for each clause, which holds where the clause
 * does not. `undefined` where a clause has no opposite that can be written.
 */
export function counterRows({ cells, condition }: Rule, labels: readonly string[]): readonly string[] | undefined {
  const [who, action, resource] = cells;
  const rows = condition.clauses.map(({ text }) => {
    const opposite = oppositeOf(text, labels);
    return opposite === undefined ? undefined : ruleLine([who, action, resource, opposite, 'deny', '-']);
  });
  return rows.every((row) => row !== undefined) ? rows : undefined;
}

const OPPOSITES: ReadonlyMap<string, string> = new Map([
  ['=', '!='],
  ['!=', '='],
  ['~', '!~'],
  ['!~', '~'],
  ['<', '>='],
  ['>=', '<'],
  ['>', '<='],
  ['<=', '>'],
]);

/** The clause that is true where this one is false, and undecided where this one is. `labels`: the least sensitive first. */
export function oppositeOf(text: string, labels: readonly string[] = []): string | undefined {
  const [, bound, label = ''] = /^label(<=|>=)(.*)$/s.exec(text) ?? [];
  if (bound !== undefined) return oppositeBound(bound, labels, labels.indexOf(label));
  const [, days, place] = /^days\(([a-z+-]+) (.+)\)$/.exec(text) ?? [];
  if (days !== undefined && place !== undefined) return otherDays(days, place);
  const [, from, to, zone] = /^hours\(([\d:]+)-([\d:]+) (.+)\)$/.exec(text) ?? [];
  if (from !== undefined && to !== undefined && zone !== undefined) return `hours(${to}-${from} ${zone})`;
  if (text.startsWith('before(')) return `after(${text.slice('before('.length)}`;
  if (text.startsWith('after(')) return `before(${text.slice('after('.length)}`;
  const [, name, operator, operand] =
    /^(arg\.[\w.-]+?|purpose|env|on-behalf-of)(!=|!~|<=|>=|=|~|<|>)(.*)$/s.exec(text) ?? [];
  if (name === undefined || operator === undefined || operand === undefined) return undefined;
  return `${name}${OPPOSITES.get(operator) ?? operator}${operand}`;
}

/** Labels are an order: what is not up to one is from the next one on. Nothing is beyond the last, nor below the first. */
function oppositeBound(bound: string, labels: readonly string[], rank: number): string | undefined {
  const next = rank < 0 ? undefined : labels[bound === '<=' ? rank + 1 : rank - 1];
  return next === undefined ? undefined : `label${bound === '<=' ? '>=' : '<='}${next}`;
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

function otherDays(days: string, zone: string): string | undefined {
  const named = new Set(
    days.split('+').flatMap((piece) => {
      const [from = '', to = from] = piece.split('-');
      const [start, end] = [DAYS.indexOf(from), DAYS.indexOf(to)];
      const length = ((end - start + DAYS.length) % DAYS.length) + 1;
      return Array.from({ length }, (_, step) => DAYS[(start + step) % DAYS.length]);
    }),
  );
  const others = DAYS.filter((day) => !named.has(day));
  return others.length === 0 ? undefined : `days(${others.join('+')} ${zone})`;
}
