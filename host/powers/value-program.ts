import { spawn } from 'node:child_process';
import { killGroup } from './process-tree.ts';

/** How a program that prints a value has ended. `failed` holds its exit code or the name of a signal. */
export type ValueEnd =
  | { readonly kind: 'value'; readonly bytes: Uint8Array }
  | { readonly kind: 'failed'; readonly code: number | string }
  | { readonly kind: 'late' }
  | { readonly kind: 'large' }
  | { readonly kind: 'not-run'; readonly code: string };

/** Runs a program for what it prints. Its standard error is not shown: a program that fails may say there what it knows. */
export function runForValue(
  [program, ...rest]: readonly [string, ...string[]],
  { mostBytes, timeoutMs }: { readonly mostBytes: number; readonly timeoutMs: number },
): Promise<ValueEnd> {
  return new Promise((resolve) => {
    const child = spawn(program, rest, { cwd: '/', shell: false, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const pieces: Buffer[] = [];
    let length = 0;
    const over = (end: ValueEnd): void => {
      clearTimeout(deadline);
      if (child.pid !== undefined) killGroup(child.pid); // what it started ends with it
      child.stdout.destroy();
      resolve(end);
    };
    const deadline = setTimeout(() => over({ kind: 'late' }), timeoutMs);
    child.stdout.on('data', (piece: Buffer) => {
      pieces.push(piece);
      if ((length += piece.length) > mostBytes) over({ kind: 'large' });
    });
    child.once('error', (error) => over({ kind: 'not-run', code: codeOf(error) }));
    child.once('close', (code, signal) => {
      if (code === 0) over({ kind: 'value', bytes: Buffer.concat(pieces) });
      else over({ kind: 'failed', code: code ?? String(signal) });
    });
  });
}

/** What an error of the system is called. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown reason';
