import type { ProblemList } from './problem-list.ts';
import { suggestion } from './spelling.ts';

/** A file that was read, by the name that messages call it. */
export interface SourceText {
  readonly file: string;
  readonly text: string;
}

/** The cells of a rule: who, action, resource, condition, effect, obligations. */
export type RuleCells = readonly [string, string, string, string, string, string];

/** A row as it stands in the file. Cells are trimmed, runs of spaces are one. */
export interface Row<Cells> {
  readonly line: number;
  readonly cells: Cells;
  /** The line as the file has it. */
  readonly raw: string;
}

/** The rows of a policy file, in order. What the cells mean is not checked yet. */
export interface PolicyRows {
  readonly rules: readonly Row<RuleCells>[];
  readonly links: readonly Row<readonly [string, string]>[];
}

const KINDS: ReadonlyMap<string, { readonly cells: number; readonly form: string }> = new Map([
  ['p', { cells: 6, form: 'p, who, action, resource, when, effect, then' }],
  ['g', { cells: 2, form: 'g, member, role' }],
]);

const MAX_LINE = 8_192;
/** The most rows of one policy. */
const MAX_ROWS = 1_000_000;

/** Reads the rows of `policy.csv`. Every mistake goes to `problems`; a row with one is left out. */
export function parsePolicyFile({ file, text }: SourceText, problems: ProblemList): PolicyRows {
  const rules: Row<RuleCells>[] = [];
  const links: Row<readonly [string, string]>[] = [];
  const content = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const lines = content.split('\n');
  const last = lines.pop() ?? '';
  // A file that was cut inside a row may have lost half a name or an obligation, and still read as a row.
  if (last !== '') {
    const message = 'the last line has no line end, so the file may be cut short; end it with a newline';
    problems.add({ file, line: lines.length + 1, column: last.length + 1, message });
  }
  for (const [index, raw] of lines.entries()) {
    const line = index + 1;
    const row = readRow(raw);
    if (row === undefined) continue;
    if ('message' in row) {
      problems.add({ file, line, ...row });
      continue;
    }
    // `readRow` has compared the number of cells with the kind.
    if (row.kind === 'p') rules.push({ line, raw, cells: row.cells as unknown as RuleCells });
    else links.push({ line, raw, cells: row.cells as unknown as readonly [string, string] });
    if (rules.length + links.length > MAX_ROWS) {
      problems.add({ file, line, column: 1, message: `a policy has at most ${MAX_ROWS} rows` });
      break;
    }
  }
  return { rules, links };
}

interface RawRow {
  readonly kind: string;
  readonly cells: readonly string[];
}

interface Mistake {
  readonly column: number;
  readonly message: string;
}

/** Reads one line; `undefined` for a comment and a blank line. */
function readRow(raw: string): RawRow | Mistake | undefined {
  const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
  const begin = line.trimStart();
  if (begin === '' || begin.startsWith('#')) return undefined;
  if (line.length > MAX_LINE) return mistake(1, `a line has at most ${MAX_LINE} characters`);
  const odd = ODD.exec(line);
  if (odd) return mistake(odd.index + 1, oddCharacter(odd[0]));
  const [name = '', ...cells] = line.split(',').map((piece) => piece.trim());
  const kind = KINDS.get(name);
  if (kind === undefined)
    return mistake(columnOf(line, -1), `unknown kind of row \`${name}\`${suggestion(name, [...KINDS.keys()])}`);
  if (cells.length !== kind.cells) {
    const at = cells.length > kind.cells ? columnOf(line, kind.cells) : line.trimEnd().length + 1;
    return mistake(
      at,
      `a \`${name}\` row has ${kind.cells} cells after \`${name}\`, this one has ${cells.length}; expected \`${kind.form}\``,
    );
  }
  const empty = cells.indexOf('');
  if (empty >= 0) return mistake(columnOf(line, empty), 'an empty cell; write `-` where a cell says nothing');
  return { kind: name, cells: BLANKS.test(line) ? cells.map((cell) => cell.replace(/[ \t]+/g, ' ')) : cells };
}

/** What no cell may hold: controls but the tab, quotes, marks that look like nothing or like a line end. */
const ODD = /[^\P{Cc}\t]|["\uFEFF\u2028\u2029]|\p{Cs}/u;
const BLANKS = /[ \t]{2}|\t/;

const mistake = (column: number, message: string): Mistake => ({ column, message });

function oddCharacter(character: string): string {
  if (character === '"') return 'cells are never quoted, and have no quotes';
  const code = character.codePointAt(0) ?? 0;
  return `a character that no cell may hold: U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

/**
 * The column of a character of a cell in its line, from 1. Cell -1 is the kind of the row; `offset` counts in the cell as
 * it was read, where runs of spaces are one.
 */
export function columnOf(line: string, cell: number, offset = 0): number {
  const pieces = line.split(',');
  const piece = pieces[cell + 1] ?? '';
  const text = piece.trim();
  let at = pieces.slice(0, cell + 1).reduce((sum, before) => sum + before.length + 1, 0);
  at += piece.length - piece.trimStart().length;
  let position = 0;
  for (let seen = 0; seen < offset && position < text.length; seen++) {
    const run = /^[ \t]+/.exec(text.slice(position));
    position += run ? run[0].length : 1;
  }
  return at + position + 1;
}
