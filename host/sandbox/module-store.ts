import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError } from '../contracts/errors.ts';
import { GLUE_FILE, type Artefact } from './artefact.ts';
import { sha256 } from './artefact-store.ts';
import type { ModuleMap } from './instance.ts';

/** Compiled modules of the artefacts used last: a module is compiled once and cloned into cells. */
export interface ModuleStore {
  /** Throws `HostError` if a file is not the one that was prepared. */
  compiled(artefact: Artefact): Promise<ModuleMap>;
}

/** Keeps the modules of `capacity` artefacts. */
export function createModuleStore(capacity = 16): ModuleStore {
  const kept = new Map<string, Promise<ModuleMap>>();

  function compiled(artefact: Artefact): Promise<ModuleMap> {
    // Same component and same caps give the same folder; the digests make sure of it.
    const key = [artefact.directory, artefact.glueSha256, ...artefact.modules.map((module) => module.sha256)].join(' ');
    const found = kept.get(key);
    kept.delete(key);
    const modules = found ?? compile(artefact);
    kept.set(key, modules); // again at the end: the order of a map is the order of use
    if (found === undefined) modules.catch(() => kept.delete(key));
    for (const oldest of kept.keys()) {
      if (kept.size <= capacity) break;
      kept.delete(oldest);
    }
    return modules;
  }

  return Object.freeze({ compiled });
}

async function compile(artefact: Artefact): Promise<ModuleMap> {
  const glue = verified(artefact, GLUE_FILE, artefact.glueSha256);
  const modules = artefact.modules.map(async ({ name, sha256: digest }) => {
    const bytes = await verified(artefact, name, digest);
    return [name, await WebAssembly.compile(bytes)] as const;
  });
  // Together: where several files are gone, each of these is rejected, and none may go unheard.
  const [compiled] = await Promise.all([Promise.all(modules), glue]);
  return new Map(compiled);
}

async function verified(artefact: Artefact, name: string, digest: string): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(artefact.directory, name);
  try {
    const bytes = await readFile(path);
    if (sha256(bytes) === digest) return bytes;
  } catch (error) {
    throw new HostError('ERR_PREPARE_FAILED', `the prepared component is gone: \`${path}\` cannot be read`, {
      cause: error,
    });
  }
  throw new HostError('ERR_PREPARE_FAILED', `the prepared component is damaged: \`${path}\` is not what was written`);
}
