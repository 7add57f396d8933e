import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import process from 'node:process';
import type { SecretPowers } from '../secrets/reading.ts';
import { readEnvironment } from './environment.ts';
import { readKeyring } from './keyring.ts';
import { codeOf, runForValue } from './value-program.ts';

/** Reads the values of secrets from this machine. What comes back instead of a value never holds a part of one. */
export function createSecretPowers(): SecretPowers {
  return Object.freeze({
    environment: readEnvironment,
    file: readPrivateFile,
    command: runCommand,
    keyring: readKeyring,
  });
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

async function runCommand(
  argv: readonly [string, ...string[]],
  bounds: { readonly mostBytes: number; readonly timeoutMs: number },
): Promise<Uint8Array | string> {
  const [program] = argv;
  const end = await runForValue(argv, bounds);
  switch (end.kind) {
    case 'value':
      return end.bytes;
    case 'failed':
      return `\`${program}\` failed (${typeof end.code === 'number' ? `exit code ${end.code}` : end.code})`;
    case 'late':
      return `\`${program}\` took longer than ${bounds.timeoutMs} ms`;
    case 'large':
      return `\`${program}\` printed more than ${bounds.mostBytes} bytes`;
    case 'not-run':
      return `\`${program}\` cannot be run: ${end.code}`;
  }
}
