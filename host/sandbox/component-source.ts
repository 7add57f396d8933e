import { open } from 'node:fs/promises';
import { HostError } from '../contracts/errors.ts';

/** A component as it is handed to the host: the path of a file, or its bytes. */
export type ComponentSource = string | Uint8Array;

const CORE_OR_COMPONENT = [0x00, 0x61, 0x73, 0x6d];
const COMPONENT_LAYER = [0x0d, 0x00, 0x01, 0x00];
const MODULE_LAYER = [0x01, 0x00, 0x00, 0x00];

/** Reads a component and checks what can be seen from outside: kind of file, size, and the first eight bytes. */
export async function readComponent(source: ComponentSource, maxBytes: number): Promise<Uint8Array> {
  const bytes = typeof source === 'string' ? await readBytes(source, maxBytes) : source;
  const name = typeof source === 'string' ? `\`${source}\`` : 'the component';
  if (bytes.length > maxBytes) throw tooLarge(name, bytes.length, maxBytes);
  if (bytes.length === 0) throw invalid(`${name} is empty`);
  const has = (expected: readonly number[], at: number): boolean => standsAt(bytes, expected, at);
  if (!has(CORE_OR_COMPONENT, 0)) throw invalid(`${name} is not a WebAssembly component`);
  if (has(COMPONENT_LAYER, 4) || isCoreModule(bytes)) return bytes;
  throw invalid(bytes.length < 8 ? `${name} is cut off` : `${name} is not a component of the known binary format`);
}

/** Whether a file says of itself that it is a core module. */
export const isCoreModule = (bytes: Uint8Array): boolean =>
  standsAt(bytes, CORE_OR_COMPONENT, 0) && standsAt(bytes, MODULE_LAYER, 4);

const standsAt = (bytes: Uint8Array, expected: readonly number[], at: number): boolean =>
  expected.every((byte, index) => bytes[at + index] === byte);

async function readBytes(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    await using file = await open(path, 'r');
    const status = await file.stat();
    if (status.isDirectory()) throw unreadable(`\`${path}\` is a directory, not a component`);
    if (!status.isFile()) throw unreadable(`\`${path}\` is not a regular file`);
    if (status.size > maxBytes) throw tooLarge(`\`${path}\``, status.size, maxBytes);
    return await file.readFile();
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw unreadable(reading(path, error), error);
  }
}

function reading(path: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `there is no file \`${path}\``;
    case 'EACCES':
    case 'EPERM':
      return `\`${path}\` may not be read`;
    case 'EISDIR':
      return `\`${path}\` is a directory, not a component`;
    default:
      return `\`${path}\` cannot be read: ${error instanceof Error ? error.message : 'unknown error'}`;
  }
}

const invalid = (message: string): HostError => new HostError('ERR_COMPONENT_INVALID', message);
const unreadable = (message: string, cause?: unknown): HostError =>
  new HostError('ERR_COMPONENT_READ', message, { cause });
const tooLarge = (name: string, bytes: number, max: number): HostError =>
  new HostError('ERR_PREPARE_LIMIT', `${name} has ${bytes} bytes; the limit is ${max}`);
