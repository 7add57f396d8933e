import type { Ending } from './run-ending.ts';

/** What a program that is no agent writes to standard output: its answer. */
export interface ProgramAnswer {
  add(bytes: Uint8Array): void;
  /** Puts the answer into the ending of the run: what was written counts however the run ended. */
  into<End extends Omit<Ending, 'usage'>>(ending: End): End;
}

/** Keeps at most `mostBytes`: the cell keeps to that itself, and is not trusted with it. */
export function createProgramAnswer(mostBytes: number): ProgramAnswer {
  const parts: Uint8Array[] = [];
  let left = mostBytes;
  return Object.freeze({
    add(bytes: Uint8Array): void {
      const part = bytes.subarray(0, left);
      left -= part.length;
      if (part.length > 0) parts.push(part);
    },
    into: <End extends Omit<Ending, 'usage'>>(ending: End): End => ({
      ...ending,
      output: new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(parts)),
    }),
  });
}
