import { HostError, type SourcePosition } from '../contracts/errors.ts';

/** Where in a configuration something is: keys and indices from the top. */
export type ConfigPath = readonly (string | number)[];

/** A place in a text, from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The problems of one configuration, collected so that all are told at once. */
export interface ProblemList {
  /** `locate` is asked only for problems that are told: finding a place takes time. */
  add(locate: () => Position, path: ConfigPath, message: string): void;
  readonly count: () => number;
  /** Throws one `ERR_CONFIG_INVALID` with a hint for each problem, in the order of the file. */
  throwAll(): never;
}

/** More are counted, not told. */
const TOLD = 50;
/** Checks do not run in the order of the file: so many are kept to be sorted. */
const KEPT = 200;

/** Starts the list of one file. */
export function createProblemList(file: string): ProblemList {
  const problems: { readonly position: Required<SourcePosition>; readonly text: string }[] = [];
  const texts = new Set<string>();
  let count = 0;
  return Object.freeze({
    add(locate: () => Position, path: ConfigPath, message: string): void {
      const text = path.length === 0 ? message : `${pathText(path)}: ${message}`;
      // One mistake can break two checks; it is told once.
      if (texts.has(text)) return;
      count += 1;
      if (count > KEPT) return;
      texts.add(text);
      problems.push({ position: { file, ...locate() }, text });
    },
    count: () => count,
    throwAll(): never {
      const sorted = problems.toSorted(
        (a, b) => a.position.line - b.position.line || a.position.column - b.position.column,
      );
      const [first] = sorted;
      const told = sorted
        .slice(0, TOLD)
        .map(({ position: { line, column }, text }) => `${file}:${line}:${column}: ${text}`);
      const more = count - told.length;
      const number = count === 1 ? 'a problem' : `${count} problems`;
      throw new HostError('ERR_CONFIG_INVALID', `the configuration \`${file}\` has ${number}`, {
        hints: more === 0 ? told : [...told, `and ${more} more`],
        ...(first === undefined ? {} : { position: first.position }),
      });
    },
  });
}

/** `agents.triage.args[0]`. */
export function pathText(path: ConfigPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += `${text === '' ? '' : '.'}${/^[\w/-]+$/.test(part) ? part : JSON.stringify(part.toWellFormed())}`;
  }
  return text;
}
