import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One request of Casbin's own tests, and what it must be answered. */
export interface CasbinCase {
  readonly id: number;
  readonly source: string;
  /** Files below `data/`; no policy means that none was loaded. */
  readonly model: string;
  readonly policy: string | null;
  readonly request: readonly unknown[];
  readonly expected: boolean;
  /** What the model needs beyond plain equality. */
  readonly features: readonly string[];
  /** The row that must be named. */
  readonly explain?: readonly string[];
}

/** The cases of a folder of vectors. */
export const readCases = (directory: string): readonly CasbinCase[] =>
  readFileSync(join(directory, 'cases.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CasbinCase);

/** A file of the vectors; what is no file is empty. Ends with a newline, which not every one of them does. */
export function readData(directory: string, name: string | null): string {
  if (name === null) return '';
  const text = readFileSync(join(directory, 'data', name), 'utf8');
  return text.endsWith('\n') ? text : `${text}\n`;
}
