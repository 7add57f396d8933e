import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GLUE_FILE, type Artefact } from './artefact.ts';
import { sha256 } from './artefact-store.ts';
import { touchArtefact } from './cache-eviction.ts';

/** Artefacts that this process has loaded, or is about to. */
export interface ArtefactMemo {
  /** The artefact of a key; made by `prepare` where it is not there, or where its glue is not what was written. */
  get(key: string, prepare: () => Promise<Artefact>): Promise<Artefact>;
}

const MOST = 64;

/**
 * Spares a host that runs one agent often the check of every file at each run. Modules are checked when they are
 * compiled and stay in memory; the glue is read by every cell, so it is checked each time.
 */
export function createArtefactMemo(): ArtefactMemo {
  const memos = new Map<string, Artefact>();
  const underWay = new Map<string, Promise<Artefact>>();

  async function isSound({ directory, glueSha256 }: Artefact): Promise<boolean> {
    try {
      if (!(await touchArtefact(directory))) return false;
      return sha256(await readFile(join(directory, GLUE_FILE))) === glueSha256;
    } catch {
      return false; // removed, perhaps, to make room
    }
  }

  function keep(key: string, artefact: Artefact): Artefact {
    memos.delete(key);
    memos.set(key, artefact); // at the end: the order of a map is the order of use
    for (const oldest of memos.keys()) if (memos.size > MOST) memos.delete(oldest);
    return artefact;
  }

  return Object.freeze({
    async get(key: string, prepare: () => Promise<Artefact>): Promise<Artefact> {
      // Runs of one component that begin together prepare it once. Where that one fails, the next one tries.
      for (let other = underWay.get(key); other !== undefined; other = underWay.get(key))
        await other.catch(() => undefined);
      const memo = memos.get(key);
      const getting = (async () =>
        memo !== undefined && (await isSound(memo)) ? { ...memo, cached: true, prepareMs: 0 } : await prepare())();
      underWay.set(key, getting);
      try {
        return keep(key, await getting);
      } finally {
        underWay.delete(key);
      }
    },
  });
}
