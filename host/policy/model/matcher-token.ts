import { CellError } from '../cell-error.ts';

/** A word, a name after a dot, a quoted text, a number or a sign of a matcher. */
export interface Token {
  readonly kind: 'name' | 'text' | 'number' | 'sign' | 'end';
  readonly text: string;
  /** Where it begins in the matcher. */
  readonly offset: number;
}

const FORM =
  /(?<space>\s+)|(?<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)|(?<number>\d[\w.]*)|(?<text>"[^"]*"|'[^']*')|(?<sign>&&|\|\||[=!<>]=|=~|[(),<>!+*/%[\]?:=~&|.-])/y;

/** Cuts a matcher into tokens; the last one is `end`. Throws a `CellError` for a character that begins none. */
export function tokensOf(matcher: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < matcher.length) {
    FORM.lastIndex = at;
    const groups = FORM.exec(matcher)?.groups;
    if (groups === undefined) throw new CellError(at, oddCharacter(matcher, at));
    for (const kind of ['name', 'number', 'text', 'sign'] as const) {
      const text = groups[kind];
      if (text !== undefined) tokens.push({ kind, text, offset: at });
    }
    at = FORM.lastIndex;
  }
  return [...tokens, { kind: 'end', text: '', offset: matcher.length }];
}

function oddCharacter(matcher: string, at: number): string {
  const character = String.fromCodePoint(matcher.codePointAt(at) ?? 0);
  if (character === '"' || character === "'")
    return 'a text without its end; `#` and `;` begin a comment even inside quotes';
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `a character that no matcher has: U+${code}`;
}
