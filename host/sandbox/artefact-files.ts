import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../contracts/errors.ts';
import { GLUE_FILE, type Artefact } from './artefact.ts';

/** What lies in an artefact's folder. */
export interface ArtefactFiles {
  readonly glue: Uint8Array<ArrayBuffer>;
  /** Core modules by file name, in the order of the artefact. */
  readonly modules: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** Reads the files of an artefact. Throws `HostError` if one is not what was prepared. */
export async function readArtefact(artefact: Artefact): Promise<ArtefactFiles> {
  const [glue, ...modules] = await Promise.all([
    verified(artefact, GLUE_FILE, artefact.glueSha256),
    ...artefact.modules.map(async ({ name, sha256 }) => [name, await verified(artefact, name, sha256)] as const),
  ]);
  return { glue, modules: new Map(modules) };
}

async function verified(artefact: Artefact, name: string, digest: string): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(artefact.directory, name);
  try {
    const bytes = await readFile(path);
    if (hash('sha256', bytes, 'hex') === digest) return bytes;
  } catch (error) {
    throw new HostError('ERR_PREPARE_FAILED', `the prepared component is gone: \`${path}\` cannot be read`, {
      cause: error,
    });
  }
  throw new HostError('ERR_PREPARE_FAILED', `the prepared component is damaged: \`${path}\` is not what was written`);
}
