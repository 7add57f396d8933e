import type { SourceText } from '../policy-file.ts';

/** A place in a file; lines and columns from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** `key = value` of one section. A definition that goes on over several lines is one. */
export interface Definition {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** Where the key begins. */
  readonly at: Place;
  /** Where a character of the value stands in the file. */
  readonly place: (offset: number) => Place;
}

/** What a model file has: its definitions in their order, and how many lines. */
export interface ModelText {
  readonly definitions: readonly Definition[];
  readonly lines: number;
}

/** Reports a mistake at a place. */
export type Report = (place: Place, message: string) => void;

/** A model is a page; what is longer is not one. In characters. */
export const MAX_MODEL = 65_536;

/** Reads sections and definitions as Casbin's own reader does: `#` and `;` begin a comment wherever they stand. */
export function readModelText({ text }: SourceText, report: Report): ModelText {
  const definitions: Definition[] = [];
  let section = '';
  for (const line of logicalLines(text.replace(/^\uFEFF/, ''))) {
    const { content } = line;
    const equals = content.indexOf('=');
    if (content.startsWith('[') && content.indexOf(']') === content.length - 1) section = content.slice(1, -1).trim();
    else if (equals < 0)
      report(
        line.place(0),
        `\`${shown(content)}\` is neither a section nor a definition; expected \`[section]\` or \`key = value\``,
      );
    else {
      const after = content.slice(equals + 1);
      const start = equals + 1 + after.length - after.trimStart().length;
      definitions.push({
        section,
        key: content.slice(0, equals).trim(),
        value: after.trim(),
        at: line.place(0),
        place: (offset) => line.place(start + offset),
      });
    }
  }
  return { definitions, lines: text.split('\n').length };
}

const MAX_SHOWN = 80;

/** A text in a message, cut where it is long. */
export const shown = (text: string): string => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);

/** Lines without comments and blank ones, joined where one ends with a backslash. */
interface LogicalLine {
  readonly content: string;
  readonly place: (offset: number) => Place;
}

interface Piece extends Place {
  /** Where it begins in the joined line. */
  readonly start: number;
}

function* logicalLines(text: string): Generator<LogicalLine> {
  let held = '';
  let pieces: Piece[] = [];
  const joined = (): LogicalLine => {
    const [content, own] = [held, pieces];
    [held, pieces] = ['', []];
    return { content, place: (offset) => placeIn(own, offset) };
  };
  for (const [index, raw] of text.split('\n').entries()) {
    const bare = raw.replace(/[#;].*$/s, '');
    const content = bare.trim();
    if (content === '') continue;
    const goesOn = content.endsWith('\\');
    pieces.push({ start: held.length, line: index + 1, column: bare.length - bare.trimStart().length + 1 });
    held += goesOn ? content.slice(0, -1).trimEnd() : content;
    if (!goesOn) yield joined();
  }
  if (held !== '') yield joined();
}

function placeIn(pieces: readonly Piece[], offset: number): Place {
  const piece = pieces.findLast(({ start }) => start <= offset) ?? { start: 0, line: 1, column: 1 };
  return { line: piece.line, column: piece.column + offset - piece.start };
}
