import { readFileSync } from 'node:fs';
import process from 'node:process';
import { EXIT } from '../../host/index.ts';
import { COMMANDS } from './commands.ts';
import { createPrinter } from './output/human.ts';
import { ownArguments, runCommandLine } from './program.ts';
import { readStream } from './standard-input.ts';
import { findTerminal } from './terminal.ts';

const interrupted = new AbortController();
let signals = 0;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    signals += 1;
    interrupted.abort(signal);
    // The first asks the run to end and its record to be closed; whoever asks again means it.
    if (signals > 1) process.exit(EXIT.hostFault);
  });
}
// A reader that went away (`| head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
});

const args = process.argv.slice(2);
const manifest = new URL(
  'package.json',
  import.meta.url.endsWith('.ts') ? new URL('../../', import.meta.url) : new URL('../../../', import.meta.url),
);
const version = /"version": "([^"]+)"/.exec(readFileSync(manifest, 'utf8'))?.[1] ?? 'unknown';

const terminal = findTerminal();
process.exitCode = await runCommandLine(COMMANDS, args, version, {
  printer: createPrinter(process.stdout, process.stderr, process.env['NO_COLOR'] !== undefined),
  workingDirectory: process.cwd(),
  signal: interrupted.signal,
  readStandardInput: (mostBytes) => readStream(process.stdin, mostBytes),
  ...(terminal === undefined ? {} : { terminal }),
  debug: ownArguments(args).includes('--debug'),
});
