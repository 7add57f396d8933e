import type { RowLayout } from './model/row-layout.ts';
import { codeOf } from './look-alike.ts';
import type { ProblemList } from './problem-list.ts';
import { suggestion } from './spelling.ts';
import type { Steps } from './steps.ts';

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

/** The kinds of rows: how many cells they have, and how they look. */
type Kinds = ReadonlyMap<string, RowLayout['rule']>;

const MAX_LINE = 8_192;
/** The most rows of one policy. Their text, index and compiled patterns have to fit into every cell whose agent they concern. */
export const MAX_ROWS = 250_000;
/** How many lines are looked at in one step. */
const LINES_OF_A_STEP = 64;

/** Reads the rows of a policy file, kind by kind: all in order, each when it is asked for, none twice. A row has the cells of its layout. */
export interface PolicyFile {
  readonly file: string;
  /** The `g` rows. Lines that are no row of any kind are problems. */
  links(): Steps<readonly Row<readonly string[]>[]>;
  /** Hands over the `p` rows, one by one: they are never all there at the same time. */
  rules(take: (row: Row<readonly string[]>) => void): Steps<void>;
}

/**
 * Opens the text of `policy.csv`. Every mistake goes to `problems`; a row with one is left out. A file with too many rows
 * has none: it is refused before anything of it is kept.
 */
export function* openPolicyFile(
  { file, text }: SourceText,
  layout: RowLayout,
  problems: ProblemList,
): Steps<PolicyFile> {
  const kinds: Kinds = new Map([
    ['p', layout.rule],
    ...(layout.link === undefined ? [] : [['g', layout.link] as const]),
  ]);
  const begin = text.startsWith('\uFEFF') ? 1 : 0;
  const end = text.lastIndexOf('\n') + 1;
  const { rows, lines, excess } = yield* countRows(text, begin, end);
  // A file that was cut inside a row may have lost half a name or an obligation, and still read as a row.
  if (Math.max(begin, end) < text.length) {
    const message = 'the last line has no line end, so the file may be cut short; end it with a newline';
    problems.add({ file, line: lines + 1, column: text.length - Math.max(begin, end) + 1, message });
  }
  if (excess !== undefined)
    problems.add({
      file,
      line: excess,
      column: 1,
      message: `a policy has at most ${MAX_ROWS} rows, and this one has ${rows}`,
    });
  const last = excess === undefined ? end : begin;

  function* each(wanted: (isRule: boolean) => boolean, visit: (raw: string, line: number) => void): Steps<void> {
    let line = 0;
    let comma = -1;
    for (let at = begin; at < last;) {
      const stop = text.indexOf('\n', at);
      if (++line % LINES_OF_A_STEP === 0) yield;
      // The next comma is looked for once: it may be far behind the end of this line.
      if (comma < at) comma = next(',', at);
      // As `readRow` has it. What is no `p` row is read with the other kinds.
      const isRule = comma < stop && text.slice(at, comma).trim() === 'p';
      if (wanted(isRule)) visit(text.slice(at, stop), line);
      at = stop + 1;
    }
  }

  /** Where a character comes next; the end of the text where it does not. */
  function next(character: string, from: number): number {
    const at = text.indexOf(character, from);
    return at < 0 ? text.length : at;
  }

  function read(raw: string, line: number): RawRow | undefined {
    const row = readRow(raw, kinds);
    if (row === undefined || !('message' in row)) return row;
    problems.add({ file, line, ...row });
    return undefined;
  }

  return Object.freeze({
    file,
    *links() {
      const found: Row<readonly string[]>[] = [];
      yield* each(
        (isRule) => !isRule,
        (raw, line) => {
          const row = read(raw, line);
          if (row?.kind === 'p') throw new TypeError('a rule that is read as none');
          if (row?.kind === 'g') found.push({ line, raw, cells: row.cells });
        },
      );
      return found;
    },
    *rules(take: (row: Row<readonly string[]>) => void) {
      yield* each(
        (isRule) => isRule,
        (raw, line) => {
          const row = read(raw, line);
          if (row !== undefined) take({ line, raw, cells: row.cells });
        },
      );
    },
  });
}

/** How many rows there are, and the line of the first that is too many. Nothing is cut out of the text. */
function* countRows(
  text: string,
  begin: number,
  end: number,
): Steps<{ rows: number; lines: number; excess: number | undefined }> {
  let rows = 0;
  let lines = 0;
  let excess: number | undefined;
  for (let at = begin; at < end; at = text.indexOf('\n', at) + 1) {
    if (++lines % (LINES_OF_A_STEP * 16) === 0) yield;
    const first = text[blanksUntil(text, at)];
    if (first === '#' || first === '\n' || first === '\r') continue;
    if (++rows === MAX_ROWS + 1) excess = lines;
  }
  return { rows, lines, excess };
}

function blanksUntil(text: string, start: number): number {
  let at = start;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at;
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
function readRow(raw: string, kinds: Kinds): RawRow | Mistake | undefined {
  const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
  const begin = line.trimStart();
  if (begin === '' || begin.startsWith('#')) return undefined;
  if (line.length > MAX_LINE) return mistake(1, `a line has at most ${MAX_LINE} characters`);
  const odd = ODD.exec(line);
  if (odd) return mistake(odd.index + 1, oddCharacter(odd[0], line, odd.index));
  const [name = '', ...cells] = line.split(',').map((piece) => piece.trim());
  const kind = kinds.get(name);
  if (kind === undefined)
    return mistake(
      columnOf(line, -1),
      `unknown kind of row \`${name}\`${name === 'g' ? ': the model has no roles' : suggestion(name, [...kinds.keys()])}`,
    );
  if (cells.length !== kind.cells) {
    const at = cells.length > kind.cells ? columnOf(line, kind.cells) : line.trimEnd().length + 1;
    return mistake(
      at,
      `a \`${name}\` row has ${kind.cells} cells after \`${name}\`, this one has ${cells.length}; expected \`${kind.form}\``,
    );
  }
  const wide = WIDE.test(line) ? cells.findIndex((cell) => WIDE.test(cell)) : -1;
  if (wide >= 0) {
    const cell = cells[wide] ?? '';
    const at = cell.search(WIDE);
    const column = columnOf(line, wide, at);
    return mistake(column, oddCharacter(cell.charAt(at), line, column - 1));
  }
  const comment = COMMENT.exec(cells.at(-1) ?? '');
  if (comment)
    return mistake(
      line.lastIndexOf(comment[0]) + comment[0].length,
      'a comment has a line of its own, which begins with `#`',
    );
  const empty = cells.indexOf('');
  if (empty >= 0) return mistake(columnOf(line, empty), 'an empty cell; write `-` where a cell says nothing');
  return { kind: name, cells: BLANKS.test(line) ? cells.map((cell) => cell.replace(/[ \t]+/g, ' ')) : cells };
}

/**
 * What no cell may hold: controls but the tab, quotes, what looks like a line end, and what looks like nothing or turns the text around it (CVE-2021-42574): a row has to mean what a reader sees.
 */
const ODD = /[^\P{Cc}\t]|["\u2028\u2029\u2800\uFFFD]|\p{Cs}|\p{Cf}|\p{DI}/u;
/** What looks like a space and is none: inside a cell it is a part of a word. */
const WIDE = /[^\P{Zs} ]/u;
const EVERY_ODD = new RegExp(ODD.source, 'gu');
/** In a last cell: the beginning of a comment. */
const COMMENT = /(?:^|\s)#/;
const BLANKS = /[ \t]{2}|\t/;

const mistake = (column: number, message: string): Mistake => ({ column, message });

/** How much of a cell is shown. */
const MAX_SHOWN = 80;

function oddCharacter(character: string, line: string, at: number): string {
  if (character === '"') return 'cells are never quoted, and have no quotes';
  const what = `a character that no cell may hold: ${codeOf(character)}`;
  if (character === '\r') return `${what}; expected lines that end with LF or CRLF`;
  if (character === '\uFFFD') return `${what}, which stands for bytes that are not UTF-8; expected a file in UTF-8`;
  const end = line.indexOf(',', at);
  const cell = line.slice(line.lastIndexOf(',', at) + 1, end < 0 ? line.length : end);
  const plain = cell
    .replace(/\p{Zs}/gu, ' ')
    .replace(EVERY_ODD, '')
    .trim();
  return plain === '' || plain.length > MAX_SHOWN ? `${what}; leave it out` : `${what}; expected \`${plain}\``;
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
