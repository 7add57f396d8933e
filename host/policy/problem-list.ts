import { HostError } from '../contracts/errors.ts';
import { CellError } from './cell-error.ts';

/** One mistake in a policy set. Lines and columns from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Collects the mistakes of one load, so that the operator sees them together. */
export interface ProblemList {
  add(problem: Problem): void;
  /** Runs `read`; a `CellError` becomes a problem at `position` plus its offset, and the result is `undefined`. */
  attempt<Value>(
    position: { file: string; line: number },
    column: (offset: number) => number,
    read: () => Value,
  ): Value | undefined;
  readonly empty: () => boolean;
  /** Throws `ERR_POLICY_INVALID` with all problems, in the order of the files, if there are any. */
  throwIfAny(): void;
  /** Throws it: there is at least one. */
  raise(): never;
}

/** How many problems are told at once; the count is of all. */
const MAX_TOLD = 50;

export function createProblemList(): ProblemList {
  const problems: Problem[] = [];
  let count = 0;

  function add(problem: Problem): void {
    count++;
    // The first ones by line are told, and checks run in passes: keep some in hand to sort.
    if (problems.length < MAX_TOLD * 8) problems.push(problem);
  }

  return Object.freeze({
    add,
    attempt<Value>(
      { file, line }: { file: string; line: number },
      column: (offset: number) => number,
      read: () => Value,
    ): Value | undefined {
      try {
        return read();
      } catch (error) {
        if (!(error instanceof CellError)) throw error;
        add({ file, line, column: column(error.offset), message: error.message });
        return undefined;
      }
    },
    empty: () => count === 0,
    throwIfAny() {
      if (count > 0) throw policyError(problems, count);
    },
    raise() {
      throw policyError(problems, count);
    },
  });
}

function policyError(problems: readonly Problem[], count: number): HostError {
  const sorted = problems
    .toSorted((a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column)
    .slice(0, MAX_TOLD);
  const [first] = sorted;
  const more = count - sorted.length;
  const hints = sorted.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
  return new HostError(
    'ERR_POLICY_INVALID',
    count === 1 ? 'the policy has one problem' : `the policy has ${count} problems`,
    {
      hints: more > 0 ? [...hints, `and ${more} more`] : hints,
      ...(first === undefined ? {} : { position: { file: first.file, line: first.line, column: first.column } }),
    },
  );
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
