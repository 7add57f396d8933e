import { hash } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { HostError } from '../contracts/errors.ts';
import { PROGRAMS } from '../contracts/program.ts';
import { GLUE_FILE, type Artefact } from './artefact.ts';
import { evict, passingName, touchArtefact } from './cache-eviction.ts';
import { isOwnFolder, openCacheFolder, readRegularFile } from './cache-folder.ts';
import { vetFileName } from './core-names.ts';
import { SIGNATURES } from './signature-schema.ts';

const SHA256 = z.string().regex(/^[0-9a-f]{64}$/);
const COUNT = z.int().nonnegative();

/** What stands in `manifest.json` beside the files of an artefact. */
const MANIFEST = z.strictObject({
  key: z.string(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  fuel: z.boolean(),
  program: z.enum(PROGRAMS),
  glueSha256: SHA256,
  modules: z.array(
    z.strictObject({
      name: z.string(),
      pages: COUNT,
      tableEntries: COUNT,
      memories: COUNT,
      tables: COUNT,
      sha256: SHA256,
    }),
  ),
  imports: z.record(
    z.string(),
    z.strictObject({
      version: z.string(),
      functions: z.array(z.string()),
      waits: z.array(z.string()),
      classes: z.array(z.string()),
      signatures: SIGNATURES,
    }),
  ),
});
export type Manifest = Omit<z.infer<typeof MANIFEST>, 'key'>;

/** An artefact as it lies in the store. */
export type StoredArtefact = Omit<Artefact, 'cached' | 'prepareMs'>;

/** Artefacts on disk, one folder for each key. Several processes may use one folder at once. */
export interface ArtefactStore {
  /** The artefact, if it is there and every byte of it is as it was written. */
  load(key: string): Promise<StoredArtefact | undefined>;
  /** Writes an artefact as a whole or not at all. Another process may have been faster: then that one counts. */
  save(key: string, manifest: Manifest, files: ReadonlyMap<string, Uint8Array>): Promise<StoredArtefact>;
}

const MANIFEST_FILE = 'manifest.json';
/** Several processes may each move something that is damaged out of the way of the others. */
const ATTEMPTS = 8;
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const DEFAULT_BYTES = 2 * 1024 * 1_048_576;

export const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex');

/** The store in `cacheDirectory`: it has `maxBytes` at most, but for what was used in the last minutes. */
export function createArtefactStore(cacheDirectory: string, maxBytes = DEFAULT_BYTES): ArtefactStore {
  const root = resolve(cacheDirectory);

  async function load(key: string): Promise<StoredArtefact | undefined> {
    const directory = join(root, key);
    if (!(await isOwnFolder(directory))) return undefined;
    await openCacheFolder(root);
    if (!(await touchArtefact(directory))) return undefined;
    try {
      const text = (await readRegularFile(join(directory, MANIFEST_FILE))).toString('utf8');
      const { key: written, ...manifest } = MANIFEST.parse(JSON.parse(text));
      const files = [{ name: GLUE_FILE, sha256: manifest.glueSha256 }, ...manifest.modules];
      const sound = await Promise.all(
        files.map(async (file) => {
          vetFileName(file.name);
          return sha256(await readRegularFile(join(directory, file.name))) === file.sha256;
        }),
      );
      return written === key && sound.every(Boolean) ? { ...manifest, directory } : undefined;
    } catch {
      return undefined; // whatever is wrong with it, it is made again
    }
  }

  async function save(
    key: string,
    manifest: Manifest,
    files: ReadonlyMap<string, Uint8Array>,
  ): Promise<StoredArtefact> {
    const temporary = join(root, passingName('new'));
    try {
      await openCacheFolder(root);
      await mkdir(temporary, { mode: 0o700 });
      for (const [name, bytes] of files) await writeFile(join(temporary, name), bytes, { flag: 'wx', mode: 0o600 });
      const written = JSON.stringify({ key, ...manifest });
      await writeFile(join(temporary, MANIFEST_FILE), written, { flag: 'wx', mode: 0o600 });
      await place(temporary, key);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true }).catch(() => undefined); // the first error is the one to tell
      throw error instanceof HostError ? error : unwritable(error);
    }
    await evict(root, maxBytes).catch(() => undefined); // what was saved is there; the next one tries again
    return { ...manifest, directory: join(root, key) };
  }

  function unwritable(cause: unknown): HostError {
    const text = cause instanceof Error ? cause.message : 'unknown';
    const full = cause instanceof Error && 'code' in cause && FULL.has(String(cause.code));
    const hint = full
      ? 'make room there, or lower `cache.maxBytes`'
      : 'is `cache.directory` a folder that can be written?';
    return new HostError('ERR_PREPARE_FAILED', `the prepared component cannot be written to \`${root}\`: ${text}`, {
      hints: [hint],
      cause,
    });
  }

  /** Renames a finished folder into place. What is there already stays if it is sound; if not, it makes way. */
  async function place(temporary: string, key: string): Promise<void> {
    const target = join(root, key);
    for (let attempt = 0; ; attempt++) {
      try {
        await rename(temporary, target);
        return;
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
      }
      if ((await load(key)) !== undefined) {
        await rm(temporary, { recursive: true, force: true });
        return;
      }
      const aside = join(root, passingName('old'));
      await rename(target, aside).catch(() => undefined); // another process may have done the same
      await rm(aside, { recursive: true, force: true });
    }
  }

  return Object.freeze({ load, save });
}
