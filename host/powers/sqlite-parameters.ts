import type { StatementSync } from 'node:sqlite';
import type { SqlValue } from '../gates/db/engine.ts';

/**
 * The parameters of one statement in SQLite's numbering: for each number its name (`:a`, `@a`, `$a`), or `undefined`
 * for `?` and `?7`. `node:sqlite` binds those by order and the others by name.
 */
export type ParameterNames = readonly (string | undefined)[];

/** Strings, quoted names, comments, and the parameters that stand outside them. */
const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[A-Za-z0-9_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*|\?\d*|[:@$][A-Za-z0-9_$\u0080-\uffff]+/g;

/** Lists the parameters of a statement. Nothing is decided on this: the engine confirms it, see `parametersFit`. */
export function parameterNames(sql: string): ParameterNames {
  const names: (string | undefined)[] = [];
  for (const [token] of sql.matchAll(TOKEN)) {
    if (token === '?') names.push(undefined);
    else if (token.startsWith('?')) {
      const number = Number(token.slice(1));
      if (number > 100_000) break; // above every limit: the engine refuses it
      while (names.length < number) names.push(undefined);
    } else if (/^[:@$]/.test(token) && !names.includes(token)) names.push(token);
  }
  return names;
}

/** What `node:sqlite` takes for a list of values: named ones first, where there are any. */
export type Binding = [...SqlValue[]] | [Record<string, SqlValue>, ...SqlValue[]];

/** Puts a list of values into the statement's numbering. */
export function bind(names: ParameterNames, values: readonly SqlValue[]): Binding {
  if (names.every((name) => name === undefined)) return [...values];
  const named: Record<string, SqlValue> = Object.create(null) as Record<string, SqlValue>; // names come from the guest
  const bare: SqlValue[] = [];
  names.forEach((name, index) => {
    const value = values[index] ?? null;
    if (name === undefined) bare.push(value);
    else named[name] = value;
  });
  return [named, ...bare];
}

/** True if the engine sees the very same parameters. Runs nothing: binding comes before the first step. */
export function parametersFit(statement: StatementSync, names: ParameterNames): boolean {
  const nulls = names.map(() => null);
  return binds(statement, bind(names, nulls)) && !binds(statement, [...bind(names, nulls), null]);
}

function binds(statement: StatementSync, binding: Binding): boolean {
  try {
    // The overloads split what `Binding` joins: an optional record of names, then values.
    statement.iterate(...(binding as SqlValue[])).return?.();
    return true;
  } catch {
    return false;
  }
}
