import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';

const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

/** How a command ended, and what it printed. */
export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a command runs, and what it is given. */
export interface CommandOptions {
  readonly cwd: string;
  readonly input?: string | Uint8Array;
  /** Beside the search path. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A command that is running. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly end: Promise<CommandEnd>;
}

/** Starts the command line from its sources, in a process of its own, not on a terminal. */
export function startCommand(args: readonly string[], options: CommandOptions): RunningCommand {
  const flags = ['--no-experimental-ffi', '--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, main, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], ...options.env },
  });
  const printed = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (printed.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed.stderr += chunk.toString()));
  child.stdin.on('error', () => undefined); // a command that reads no input
  child.stdin.end(options.input ?? '');
  const end = new Promise<CommandEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...printed }));
  });
  return { child, end };
}

/** Runs a command to its end. */
export const runCommand = (args: readonly string[], options: CommandOptions): Promise<CommandEnd> =>
  startCommand(args, options).end;
