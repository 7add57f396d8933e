import { hasSqlDetails, loadModule, parseSync } from 'libpg-query';
import type { StatementProblem } from '../gates/db/engine.ts';

/** A node of the parse tree: its fields by name. What they hold is checked before anything is made of it. */
export type Tree = Readonly<Record<string, unknown>>;

/** What the grammar makes of a text: exactly one statement, or the reason why not. */
export type Parse =
  | { readonly status: 'parsed'; readonly statement: Tree }
  | { readonly status: 'refused'; readonly problem: StatementProblem };

/** The grammar of Postgres itself. */
export interface Grammar {
  parse(sql: string): Parse;
}

/** Each of these can be one level of the tree, and the parser recurses. Far more than people write. */
const LEVEL = /[-+*/<>=~!@#%^&|?:]+|\b(?:at|case|collate|except|intersect|is|isnull|join|not|notnull|union)\b/gi;
const MOST_LEVELS = 1_000;
const MOST_BRACKETS = 200;

/** Loads the grammar: once for a thread. */
export async function loadGrammar(): Promise<Grammar> {
  await loadModule();
  let broken = false;

  return Object.freeze({
    parse(sql: string): Parse {
      if (broken) throw new Error('the parser has failed before: it is not used again');
      if (isDeep(sql)) return { status: 'refused', problem: 'complex' };
      if (sql.includes('\0')) return { status: 'refused', problem: 'syntax' }; // C ends the text there
      if (sql.trim() === '') return { status: 'refused', problem: 'not-one' };
      let stmts: readonly { readonly stmt?: unknown }[] | undefined;
      try {
        ({ stmts } = parseSync(sql));
      } catch (error) {
        if (hasSqlDetails(error)) {
          const problem = /memory exhausted/.test(error.message) ? 'complex' : 'syntax';
          return { status: 'refused', problem };
        }
        broken = true; // CWE-674: after a trap nobody knows what its memory holds
        throw error;
      }
      const [only, ...more] = stmts ?? [];
      if (only === undefined || more.length > 0) return { status: 'refused', problem: 'not-one' };
      return { status: 'parsed', statement: only.stmt as Tree }; // checked node by node, see `vet`
    },
  });
}

/** Whether a text could be too deep for the parser. Quotes are not looked at: it is refused too early, never too late. */
function isDeep(sql: string): boolean {
  let depth = 0;
  let deepest = 0;
  for (const bracket of sql.match(/[()[\]]/g) ?? []) {
    depth = Math.max(0, depth + (bracket === '(' || bracket === '[' ? 1 : -1));
    deepest = Math.max(deepest, depth);
  }
  return deepest > MOST_BRACKETS || (sql.match(LEVEL)?.length ?? 0) > MOST_LEVELS;
}
