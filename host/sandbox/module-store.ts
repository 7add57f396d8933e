import type { Artefact } from './artefact.ts';
import { readArtefact } from './artefact-files.ts';
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
  const { modules } = await readArtefact(artefact);
  const compiled = [...modules].map(async ([name, bytes]) => [name, await WebAssembly.compile(bytes)] as const);
  return new Map(await Promise.all(compiled));
}
