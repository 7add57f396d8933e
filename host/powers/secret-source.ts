import { spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import process from 'node:process';
import type { SecretPowers } from '../secrets/reading.ts';
import { readEnvironment } from './environment.ts';
import { killGroup } from './process-tree.ts';

/** Reads the values of secrets from this machine. What comes back instead of a value never holds a part of one. */
export function createSecretPowers(): SecretPowers {
  return Object.freeze({ environment: readEnvironment, file: readPrivateFile, command: runCommand });
}

/** Write for the group, and anything for everybody: whoever else is on the machine must have no part in it. */
const OTHERS = 0o027;
const ROOT = 0;

function readPrivateFile(path: string, most: number): Uint8Array | string {
  let descriptor: number;
  try {
    // Without O_NONBLOCK a pipe of that name would hold the host.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return `the file \`${path}\` cannot be opened: ${codeOf(error)}`;
  }
  try {
    // Of the open file, not of its name: the name could be exchanged meanwhile (CWE-367).
    const { mode, size, uid } = fstatSync(descriptor);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) return `\`${path}\` is not a regular file`;
    if ((mode & OTHERS) !== 0)
      return `the file \`${path}\` is open to others (mode ${(mode & 0o777).toString(8)}): \`chmod 600\` it`;
    if (uid !== ROOT && uid !== process.geteuid?.()) return `the file \`${path}\` belongs to somebody else`;
    if (size > most) return `the file \`${path}\` has ${size} bytes; the limit is ${most}`;
    return readUpTo(descriptor, most) ?? `the file \`${path}\` has more than ${most} bytes`;
  } catch (error) {
    return `the file \`${path}\` cannot be read: ${codeOf(error)}`;
  } finally {
    closeSync(descriptor);
  }
}

function readUpTo(descriptor: number, most: number): Uint8Array | undefined {
  const bytes = Buffer.alloc(most + 1);
  let length = 0;
  for (;;) {
    const read = readSync(descriptor, bytes, length, bytes.length - length, null);
    length += read;
    if (length > most) return undefined;
    if (read === 0) return bytes.subarray(0, length);
  }
}

/** Its standard error is not shown: a program that fails may say there what it knows. */
function runCommand(
  [program, ...rest]: readonly [string, ...string[]],
  { mostBytes, timeoutMs }: { readonly mostBytes: number; readonly timeoutMs: number },
): Promise<Uint8Array | string> {
  return new Promise((resolve) => {
    const child = spawn(program, rest, { cwd: '/', shell: false, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const pieces: Buffer[] = [];
    let length = 0;
    const over = (result: Uint8Array | string): void => {
      clearTimeout(deadline);
      if (child.pid !== undefined) killGroup(child.pid); // what it started ends with it
      child.stdout.destroy();
      resolve(result);
    };
    const deadline = setTimeout(() => over(`\`${program}\` took longer than ${timeoutMs} ms`), timeoutMs);
    child.stdout.on('data', (piece: Buffer) => {
      pieces.push(piece);
      if ((length += piece.length) > mostBytes) over(`\`${program}\` printed more than ${mostBytes} bytes`);
    });
    child.once('error', (error) => over(`\`${program}\` cannot be run: ${codeOf(error)}`));
    child.once('close', (code, signal) => {
      if (code === 0) over(Buffer.concat(pieces));
      else over(`\`${program}\` failed (${code === null ? String(signal) : `exit code ${code}`})`);
    });
  });
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown reason';
