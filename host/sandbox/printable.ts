import { escapeControl } from '../contracts/escape.ts';

const URL_PATH = /file:\/\/\/[^\s'"`)]*/g;
const ABSOLUTE_PATH = /(?<![\w:/.-])\/(?:[\w.@+-]+\/)+[\w.@+-]*(?::\d+)*/g;

/** One line of text in which nothing can act on a terminal or a log; cut off after `max` characters. */
export function printable(text: string, max = 1024): string {
  return escapeControl(text.length > max ? `${text.slice(0, max - 1)}…` : text);
}

/** The same for text that a guest may get to see or that others publish: paths of the host are left out. */
export function withoutPaths(text: string, max = 1024): string {
  const short = text.slice(0, 4 * max);
  return printable(short.replace(URL_PATH, '(path)').replace(ABSOLUTE_PATH, '(path)'), max);
}

/** What was thrown, in one line for the operator. */
export function describeError(error: unknown): string {
  return printable(error instanceof Error ? `${error.name}: ${error.message}` : `thrown: ${typeof error}`);
}
