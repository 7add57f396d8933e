import { spawn } from 'node:child_process';

/** One program to run: no shell, one list of arguments, one deadline. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
}

/** How it ended. Only the last part of each stream is kept. */
export interface CommandResult {
  /** `undefined` if the program could not be started or was ended by a signal. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

const KEPT_STDOUT = 32 * 1024 * 1024;
const KEPT_STDERR = 256 * 1024;

/** Collects a stream and forgets its beginning where it grows too long. */
function createTail(limit: number): { push(chunk: Buffer): void; text(): string } {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    push(chunk) {
      chunks.push(chunk);
      size += chunk.length;
      while (size > limit && chunks.length > 1) size -= chunks.shift()?.length ?? 0;
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}

/** Ends a process and everything it started. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has ended already.
  }
}

/** Runs a program to its end, or to its deadline. Never rejects. */
export function runCommand(command: Command): Promise<CommandResult> {
  const { program, args, directory, env, timeoutMs } = command;
  return new Promise((resolve) => {
    const child = spawn(program, [...args], { cwd: directory, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const stdout = createTail(KEPT_STDOUT);
    const stderr = createTail(KEPT_STDERR);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup(child.pid);
    }, timeoutMs);
    // A group of its own does not hear Ctrl-C: it must not outlive this process.
    const endWithParent = (): void => endGroup(child.pid);
    process.once('exit', endWithParent);
    const finish = (code: number | undefined, extra = ''): void => {
      clearTimeout(timer);
      process.off('exit', endWithParent);
      resolve({ code, stdout: stdout.text(), stderr: stderr.text() + extra, timedOut });
    };
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.once('error', (error) => finish(undefined, error.message));
    child.once('close', (code) => finish(code ?? undefined));
  });
}

/** The last lines of a compiler's output, without colour and control characters. */
export function lastLines(text: string, count = 30): string[] {
  const lines = text
    .replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, '')
    .split(/\r?\n/)
    .map((line) => line.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, ''))
    .filter((line) => line.trim() !== '');
  return lines.slice(-count);
}
