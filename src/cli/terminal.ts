import { openSync } from 'node:fs';
import process from 'node:process';
import { createInterface, type Interface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
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
        await dropTypedAhead(lines);
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

/** What was typed before the question was there answers something else: an agent may have asked for it. */
async function dropTypedAhead(lines: Interface): Promise<void> {
  await sleep(QUIET_MS);
  lines.write(null, { ctrl: true, name: 'e' });
  lines.write(null, { ctrl: true, name: 'u' });
}

const QUIET_MS = 150;

function openTerminal(): ReadStream | undefined {
  try {
    return new ReadStream(openSync('/dev/tty', 'r'));
  } catch {
    return undefined; // the process has none
  }
}
