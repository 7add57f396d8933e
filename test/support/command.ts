import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { COMMANDS } from '../../src/cli/commands.ts';
import { createPrinter } from '../../src/cli/output/human.ts';
import { runCommandLine } from '../../src/cli/program.ts';
import type { CommandEnd } from './command-line.ts';

/** Runs a command in this process: the same code as `sallyport`, without the cost of a process. */
export async function command(
  args: readonly string[],
  options: { cwd: string; input?: string | Uint8Array; signal?: AbortSignal },
): Promise<CommandEnd> {
  const printed = { stdout: '', stderr: '' };
  const printer = createPrinter(
    { write: (text) => (printed.stdout += text) },
    { write: (text) => (printed.stderr += text) },
    false,
  );
  const code = await runCommandLine(COMMANDS, args, '0.0.0', {
    printer,
    workingDirectory: options.cwd,
    signal: options.signal ?? new AbortController().signal,
    readStandardInput: () => buffer(Readable.from([Buffer.from(options.input ?? '')])),
    debug: args.includes('--debug'),
  });
  return { code, ...printed };
}
