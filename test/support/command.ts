import { Readable } from 'node:stream';
import type { Terminal } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { createPrinter } from '../../src/cli/output/human.ts';
import { runCommandLine } from '../../src/cli/program.ts';
import { readStream } from '../../src/cli/standard-input.ts';
import type { CommandEnd } from './command-line.ts';

/** Runs a command in this process: the same code as `sallyport`, without the cost of a process. */
export async function command(
  args: readonly string[],
  options: { cwd: string; input?: string | Uint8Array; signal?: AbortSignal; terminal?: boolean; asked?: Terminal },
): Promise<CommandEnd> {
  const printed = { stdout: '', stderr: '' };
  const printer = createPrinter(
    { write: (data) => (printed.stdout += textOf(data)), isTTY: options.terminal },
    { write: (data) => (printed.stderr += textOf(data)) },
    false,
  );
  const code = await runCommandLine(COMMANDS, args, '0.0.0', {
    printer,
    workingDirectory: options.cwd,
    signal: options.signal ?? new AbortController().signal,
    readStandardInput: (mostBytes) => readStream(Readable.from([Buffer.from(options.input ?? '')]), mostBytes),
    ...(options.asked === undefined ? {} : { terminal: options.asked }),
    debug: args.includes('--debug'),
  });
  return { code, ...printed };
}

const textOf = (data: string | Uint8Array): string => (typeof data === 'string' ? data : Buffer.from(data).toString());
