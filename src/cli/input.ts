import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { HostError } from '../../host/index.ts';
import type { CommandContext } from './command.ts';

/** The most that an agent is given as its input, in bytes. */
const MAX_INPUT_BYTES = 8 << 20;

/** Reads `--input`: the text itself, `@FILE`, or `-` for standard input. Must be UTF-8. */
export async function readInput(argument: string, context: CommandContext): Promise<string> {
  if (argument === '-') return decode(await context.readStandardInput(), 'standard input');
  if (!argument.startsWith('@')) return decode(Buffer.from(argument), 'the input');
  const file = resolve(context.workingDirectory, argument.slice(1));
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new HostError('ERR_INPUT_INVALID', `the input file \`${argument.slice(1)}\` cannot be read`, { cause });
  }
  return decode(bytes, `\`${argument.slice(1)}\``);
}

function decode(bytes: Uint8Array, what: string): string {
  if (bytes.length > MAX_INPUT_BYTES)
    throw new HostError('ERR_INPUT_INVALID', `${what} has more than ${MAX_INPUT_BYTES} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new HostError('ERR_INPUT_INVALID', `${what} is not UTF-8`, { cause });
  }
}
