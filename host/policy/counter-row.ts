import { ruleLine, type Rule } from './rule.ts';

/**
 * The deny rows that make the condition of an allow row a requirement: one for each clause, which holds where the clause
 * does not. `undefined` where a clause has no opposite that can be written.
 */
export function counterRows({ cells, condition }: Rule): readonly string[] | undefined {
  const [who, action, resource] = cells;
  const rows = condition.clauses.map(({ text }) => {
    const opposite = oppositeOf(text);
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

/** The clause that is true where this one is false, and undecided where this one is. */
export function oppositeOf(text: string): string | undefined {
  const [, from, to, zone] = /^hours\(([\d:]+)-([\d:]+) (.+)\)$/.exec(text) ?? [];
  if (from !== undefined && to !== undefined && zone !== undefined) return `hours(${to}-${from} ${zone})`;
  if (text.startsWith('before(')) return `after(${text.slice('before('.length)}`;
  if (text.startsWith('after(')) return `before(${text.slice('after('.length)}`;
  const [, name, operator, operand] =
    /^(arg\.[\w.-]+?|purpose|env|on-behalf-of)(!=|!~|<=|>=|=|~|<|>)(.*)$/s.exec(text) ?? [];
  if (name === undefined || operator === undefined || operand === undefined) return undefined;
  return `${name}${OPPOSITES.get(operator) ?? operator}${operand}`;
}
