import { openSync } from 'node:fs';
import process from 'node:process';
import { createInterface, type Interface } from 'node:readline/promises';
import { setImmediate as later, setTimeout as sleep } from 'node:timers/promises';
import { ReadStream } from 'node:tty';
import type { Terminal } from './command.ts';

/**
 * The terminal that the operator sits at, if there is one: what is asked goes to standard error, and what he answers comes
 * from standard input, or from the terminal itself where that is something else.
 */
export function findTerminal(): Terminal | undefined {
  if (!process.stderr.isTTY) return undefined;
  return {
    async ask(text: string, signal: AbortSignal): Promise<string | undefined> {
      const input = process.stdin.isTTY ? process.stdin : openTerminal();
      if (input === undefined) return undefined;
      const lines = createInterface({ input, output: process.stderr });
      const closed = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)));
      // Ctrl-C is for the run, and not for the line.
      lines.on('SIGINT', () => {
        process.kill(process.pid, 'SIGINT');
        lines.close();
      });
      try {
        if (!(await isQuiet(input, lines, signal))) return undefined;
        return await Promise.race([lines.question(text, { signal }), closed]);
      } catch {
        return undefined; // somebody else has answered, or Ctrl-C
      } finally {
        lines.close();
        if (input !== process.stdin) input.destroy();
      }
    },
  };
}

/**
 * Drops what was typed before the question was there: it answers something else, and an agent may have asked for it. False
 * where the typing does not end.
 */
async function isQuiet(input: ReadStream, lines: Interface, signal: AbortSignal): Promise<boolean> {
  let keys = 0;
  const hear = (): void => void (keys += 1);
  input.on('keypress', hear);
  try {
    for (let turn = 0; turn < MOST_TURNS; turn += 1) {
      const before = keys;
      await sleep(QUIET_MS, undefined, { signal });
      await later(); // a process that is busy finds its timer first, and what was typed after it
      lines.write(null, { ctrl: true, name: 'e' });
      lines.write(null, { ctrl: true, name: 'u' });
      if (keys === before) return true;
    }
    return false;
  } finally {
    input.off('keypress', hear);
  }
}

const QUIET_MS = 150;
const MOST_TURNS = 40;

function openTerminal(): ReadStream | undefined {
  try {
    return new ReadStream(openSync('/dev/tty', 'r'));
  } catch {
    return undefined; // the process has none
  }
}
