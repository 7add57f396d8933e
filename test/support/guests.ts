import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildGuest } from '../../src/build/build-guest.ts';
import type { GuestLanguage } from '../../src/build/language.ts';
import { detectToolchains } from '../../src/build/toolchains.ts';

const root = join(import.meta.dirname, '..', '..');
const examples = join(root, 'guest-examples');
const built = join(root, 'build', 'guests');

/** `guest-examples/NAME/LANGUAGE`, or `guest-examples/NAME` for a guest that exists in one language only. */
function folderOf(name: string, language: GuestLanguage): string {
  const ofLanguage = join(examples, name, language);
  return existsSync(ofLanguage) ? ofLanguage : join(examples, name);
}

function filesBelow(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  const names = readdirSync(path).filter((name) => !['target', '__pycache__', 'Cargo.lock'].includes(name));
  return names.sort().flatMap((name) => filesBelow(join(path, name)));
}

/** A digest of everything that the component is made from, the build itself included. */
function sourcesDigest(directory: string, language: GuestLanguage): string {
  const shared = [
    join(root, 'wit'),
    join(root, 'src', 'build'),
    ...(language === 'rust' ? [join(examples, 'Cargo.toml')] : []),
  ];
  const hash = createHash('sha256').update(language);
  for (const file of [directory, ...shared].flatMap(filesBelow)) {
    if (file.endsWith('.md')) continue;
    hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Takes a lock folder, or waits until its owner lets go of it or is gone. */
async function withLock<T>(lock: string, work: () => Promise<T>): Promise<T> {
  const owner = join(lock, 'pid');
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      const pid = existsSync(owner) ? Number(readFileSync(owner, 'utf8')) : undefined;
      const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      // A folder without an owner belongs to somebody who is just writing the number, or who died before it.
      if (pid === undefined ? age > 10_000 : !isAlive(pid)) rmSync(lock, { recursive: true, force: true });
      else await sleep(100);
    }
  }
  try {
    writeFileSync(owner, String(process.pid));
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/**
 * The component of an example (`hello`, `triage`, `hostile/NAME`), built unless its sources were built before. Safe in
 * parallel workers.
 */
export async function guest(name: string, language: GuestLanguage): Promise<string> {
  const directory = folderOf(name, language);
  const stem = `${name.replaceAll('/', '-')}-${language}`;
  const output = join(built, `${stem}-${sourcesDigest(directory, language)}.wasm`);
  if (existsSync(output)) return output;
  mkdirSync(built, { recursive: true });
  return withLock(join(built, `${stem}.lock`), async () => {
    if (existsSync(output)) return output;
    await buildGuest({ language, directory, output });
    const older = readdirSync(dirname(output)).filter((file) => /^(.*)-[0-9a-f]{16}\.wasm$/.exec(file)?.[1] === stem);
    for (const file of older) if (file !== basename(output)) rmSync(join(built, file));
    return output;
  });
}

/**
 * Why guests of a language cannot be built here, for the name of a skipped test; `undefined` if they can. Where `CI` is
 * `true` nothing is skipped: the build fails and says what is missing.
 */
export async function reasonToSkip(language: GuestLanguage): Promise<string | undefined> {
  if (process.env['CI'] === 'true') return undefined;
  const { available, detail, howToGet } = (await detectToolchains())[language];
  return available ? undefined : `${detail}; ${howToGet.replaceAll('\n', '; ')}`;
}
