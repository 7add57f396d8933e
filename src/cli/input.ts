import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { HostError } from '../../host/index.ts';
import type { CommandContext } from './command.ts';

/** The most that a program is given as its input or its standard input, in bytes. */
const MAX_INPUT_BYTES = 8 << 20;

/** Reads `--input`: the text itself, `@FILE`, or `-` for standard input. Must be UTF-8. */
export async function readInput(argument: string, context: CommandContext): Promise<string> {
  const { bytes, what } = await read(argument, 'the input', context);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new HostError('ERR_INPUT_INVALID', `${what} is not UTF-8`, { cause });
  }
}

/** Reads `--stdin`: as `--input`, but any bytes. */
export async function readStdin(argument: string, context: CommandContext): Promise<Uint8Array> {
  return (await read(argument, '`--stdin`', context)).bytes;
}

/** Reads `--env NAME=VALUE`, as often as it was given. The last of a name counts. */
export function readVariables(texts: readonly string[]): Record<string, string> {
  const entries = texts.map((text): [string, string] => {
    const at = text.indexOf('=');
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
    throw new HostError('ERR_USAGE', `\`--env ${text.slice(0, 80)}\` has no value`, {
      hints: ['write `--env NAME=VALUE`; variables of your own shell are not passed on'],
    });
  });
  return Object.fromEntries(entries);
}

interface Input {
  readonly bytes: Uint8Array;
  /** What it is called in a message. */
  readonly what: string;
}

async function read(argument: string, name: string, context: CommandContext): Promise<Input> {
  if (argument === '-')
    return bounded({ bytes: await context.readStandardInput(MAX_INPUT_BYTES + 1), what: 'standard input' });
  if (!argument.startsWith('@')) return bounded({ bytes: Buffer.from(argument), what: name });
  const path = argument.slice(1);
  return bounded({ bytes: await readFile(resolve(context.workingDirectory, path), path), what: `\`${path}\`` });
}

/** The first bytes of a file: one more than an input may have, for some files have no size and no end. */
async function readFile(file: string, shown: string): Promise<Uint8Array> {
  try {
    await using handle = await open(file, 'r');
    const parts: Uint8Array[] = [];
    for (let length = 0; length <= MAX_INPUT_BYTES;) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(65_536));
      if (bytesRead === 0) break;
      parts.push(buffer.subarray(0, bytesRead));
      length += bytesRead;
    }
    return Buffer.concat(parts);
  } catch (cause) {
    throw new HostError('ERR_INPUT_INVALID', `the input file \`${shown}\` cannot be read`, { cause });
  }
}

function bounded(input: Input): Input {
  if (input.bytes.length <= MAX_INPUT_BYTES) return input;
  throw new HostError('ERR_INPUT_INVALID', `${input.what} has more than ${MAX_INPUT_BYTES} bytes`);
}
