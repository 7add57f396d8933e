import { escapeControl } from '../../../host/index.ts';

/** A terminal, or the lack of one. Everything printed goes through here, so that colour and escapes are decided once. */
export interface Printer {
  /** One line of results, on standard output. */
  readonly line: (text?: string) => void;
  /** One line about what happens, on standard error. */
  readonly note: (text: string) => void;
  /** A line on standard error that the next one replaces. Only where that is a terminal; the empty line removes it. */
  readonly progress: (text: string) => void;
  /**
   * What the program that is run writes to its standard output, on ours: as it is, but on a terminal everything that acts
   * on it is escaped.
   */
  readonly answer: (bytes: Uint8Array) => void;
  /** One JSON value on standard output, on one line. */
  readonly json: (value: unknown) => void;
  /** For standard output. */
  readonly style: Style;
  /** For standard error: one of the two may be a terminal and the other a file. */
  readonly noteStyle: Style;
}

/** Text marks; plain text where the stream is not a terminal. */
export interface Style {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

export interface TextStream {
  write(data: string | Uint8Array): unknown;
  readonly isTTY?: boolean | undefined;
}

const plain = (text: string): string => text;
const mark = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;

/** The marks for a stream: none unless it is a terminal, and none where `NO_COLOR` is set. */
export function styleFor(stream: TextStream, noColor: boolean): Style {
  if (stream.isTTY !== true || noColor) return { good: plain, bad: plain, dim: plain, bold: plain };
  return { good: mark(32), bad: mark(31), dim: mark(2), bold: mark(1) };
}

/** Makes the printer of one command. */
export function createPrinter(out: TextStream, err: TextStream, noColor: boolean): Printer {
  return Object.freeze({
    line: (text = '') => void out.write(`${text}\n`),
    note: (text: string) => void err.write(`${text}\n`),
    progress: err.isTTY === true ? (text: string) => void err.write(`\r\u001b[K${text}`) : () => undefined,
    answer: out.isTTY === true ? escaping(out) : (bytes: Uint8Array) => void out.write(bytes),
    json: (value: unknown) => void out.write(`${printableJson(value)}\n`),
    style: styleFor(out, noColor),
    noteStyle: styleFor(err, noColor),
  });
}

/** Characters may come in pieces. Tabs stay as well: tables are made of them. */
function escaping(out: TextStream): (bytes: Uint8Array) => void {
  const decoder = new TextDecoder();
  return (bytes) => {
    const parts = decoder.decode(bytes, { stream: true }).split(/([\n\t])/);
    out.write(parts.map((part, index) => (index % 2 === 1 ? part : escapeControl(part))).join(''));
  };
}

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** JSON of the same value in which nothing acts on a terminal: C1 controls and format characters are escaped as well. */
function printableJson(value: unknown): string {
  const units = (text: string): string =>
    text.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return JSON.stringify(value).replace(UNPRINTABLE, units);
}

/** Text of a guest, or of a file that a guest wrote, made harmless for a terminal. Line breaks stay. */
export function untrusted(text: string): string {
  return text.split('\n').map(escapeControl).join('\n');
}

/** `1 rule`, `2 rules`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** A table with aligned columns and a header. Cells are escaped. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [header, ...rows].map((row) => row.map((cell) => escapeControl(cell)));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const render = (row: readonly string[]): string =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ');
  const [head = [], ...body] = cells;
  return [render(head), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(render)];
}
