import { hash, randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { HostError } from '../contracts/errors.ts';
import { PROGRAMS } from '../contracts/program.ts';
import { GLUE_FILE, type Artefact } from './artefact.ts';
import { vetFileName } from './core-names.ts';
import { SIGNATURES } from './signature-schema.ts';

const SHA256 = z.string().regex(/^[0-9a-f]{64}$/);
const COUNT = z.int().nonnegative();

/** What stands in `manifest.json` beside the files of an artefact. */
const MANIFEST = z.strictObject({
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  program: z.enum(PROGRAMS),
  glueSha256: SHA256,
  modules: z.array(
    z.strictObject({ name: z.string(), pages: COUNT, tableEntries: COUNT, memories: COUNT, sha256: SHA256 }),
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
export type Manifest = z.infer<typeof MANIFEST>;

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
const ABANDONED_MS = 3_600_000;

export const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex');

export function createArtefactStore(cacheDirectory: string): ArtefactStore {
  const root = resolve(cacheDirectory);

  async function load(key: string): Promise<StoredArtefact | undefined> {
    const directory = join(root, key);
    try {
      const manifest = MANIFEST.parse(JSON.parse(await readFile(join(directory, MANIFEST_FILE), 'utf8')));
      const files = [{ name: GLUE_FILE, sha256: manifest.glueSha256 }, ...manifest.modules];
      const sound = await Promise.all(
        files.map(async (file) => {
          vetFileName(file.name);
          return sha256(await readFile(join(directory, file.name))) === file.sha256;
        }),
      );
      return sound.every(Boolean) ? { ...manifest, directory } : undefined;
    } catch {
      return undefined; // whatever is wrong with it, it is made again
    }
  }

  async function save(
    key: string,
    manifest: Manifest,
    files: ReadonlyMap<string, Uint8Array>,
  ): Promise<StoredArtefact> {
    const temporary = join(root, `.new-${process.pid}-${randomBytes(6).toString('hex')}`);
    try {
      await mkdir(root, { recursive: true, mode: 0o700 });
      await mkdir(temporary, { mode: 0o700 });
      for (const [name, bytes] of files) await writeFile(join(temporary, name), bytes, { flag: 'wx', mode: 0o600 });
      await writeFile(join(temporary, MANIFEST_FILE), JSON.stringify(manifest), { flag: 'wx', mode: 0o600 });
      await place(temporary, key);
      await sweep(root);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true }).catch(() => undefined); // the first error is the one to tell
      const text = error instanceof Error ? error.message : 'unknown';
      throw new HostError('ERR_PREPARE_FAILED', `the prepared component cannot be written to \`${root}\`: ${text}`, {
        cause: error,
      });
    }
    return { ...manifest, directory: join(root, key) };
  }

  /** Renames a finished folder into place. What is there already stays if it is sound; if not, it makes way. */
  async function place(temporary: string, key: string): Promise<void> {
    const target = join(root, key);
    for (let attempt = 0; ; attempt++) {
      try {
        await rename(temporary, target);
        return;
      } catch (error) {
        if (attempt === 3) throw error;
      }
      if ((await load(key)) !== undefined) {
        await rm(temporary, { recursive: true, force: true });
        return;
      }
      const aside = join(root, `.old-${process.pid}-${randomBytes(6).toString('hex')}`);
      await rename(target, aside).catch(() => undefined); // another process may have done the same
      await rm(aside, { recursive: true, force: true });
    }
  }

  return Object.freeze({ load, save });
}

/** Removes what processes that ended in the middle have left. */
async function sweep(root: string): Promise<void> {
  const names = (await readdir(root)).filter((name) => /^\.(?:new|old)-/.test(name));
  for (const name of names) {
    const path = join(root, name);
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (age > ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
}
