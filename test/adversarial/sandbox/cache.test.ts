import { execFile, spawn } from 'node:child_process';
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { createArtefactStore, sha256, type Manifest } from '../../../host/sandbox/artefact-store.ts';
import { prepared, runCell, temporaryFolder } from '../../sandbox/support/cell.ts';
import { agentText, componentOf } from '../../sandbox/support/wat.ts';

const STORE = pathToFileURL(join(import.meta.dirname, '../../../host/sandbox/artefact-store.ts')).href;

/** The key of an artefact that a test makes up. */
const keyOf = (index: number): string => index.toString(16).padStart(40, '0');

function made(text: string): { manifest: Manifest; files: Map<string, Uint8Array> } {
  const glue = new TextEncoder().encode(text);
  return {
    manifest: {
      digest: `sha256:${'0'.repeat(64)}`,
      fuel: false,
      program: 'agent',
      glueSha256: sha256(glue),
      modules: [],
      imports: {},
    },
    files: new Map([['component.js', glue]]),
  };
}

/** Makes an artefact as old as if it was used last `minutes` ago. */
async function age(folder: string, index: number, minutes: number): Promise<void> {
  const then = new Date(Date.now() - minutes * 60_000);
  await utimes(join(folder, keyOf(index)), then, then);
}

describe('the cache on disk', () => {
  let agent: Uint8Array;
  beforeAll(async () => {
    agent = await componentOf(agentText());
  });

  const damages: [string, (directory: string) => Promise<void>][] = [
    ['a flipped byte in the glue', (directory) => flip(join(directory, 'component.js'))],
    ['a flipped byte in a module', (directory) => flip(join(directory, 'component.core.wasm'))],
    ['a flipped byte in the manifest', (directory) => flip(join(directory, 'manifest.json'))],
    ['a manifest that is gone', (directory) => rm(join(directory, 'manifest.json'))],
    ['a manifest of another version', (directory) => edit(directory, (text) => text.replace('{', '{"format":9,'))],
    ['a manifest for another key', (directory) => edit(directory, (text) => text.replace(/"key":"./, '"key":"g'))],
    ['a link in place of the glue', (directory) => linked(join(directory, 'component.js'))],
    ['a link in place of the manifest', (directory) => linked(join(directory, 'manifest.json'))],
    ['a link in place of the folder', (directory) => linked(directory)],
    [
      'a file in place of the folder',
      (directory) => rm(directory, { recursive: true }).then(() => writeFile(directory, '')),
    ],
    ['a folder in place of the glue', (directory) => replaced(join(directory, 'component.js'), (path) => mkdir(path))],
    [
      'a pipe in place of the glue',
      (directory) =>
        replaced(join(directory, 'component.js'), async (path) => {
          await promisify(execFile)('mkfifo', [path]);
        }),
    ],
    ['glue that others can write', (directory) => chmod(join(directory, 'component.js'), 0o666)],
    ['a folder that others can write', (directory) => chmod(directory, 0o777)],
  ];
  it.each(damages)('is not believed, and made again: %s', async (_, damage) => {
    const folder = await temporaryFolder();
    const first = await prepared(agent, folder);
    await damage(first.directory);
    const second = await prepared(agent, folder);
    expect([second.cached, second.glueSha256]).toEqual([false, first.glueSha256]);
    expect((await lstat(second.directory)).isDirectory()).toBe(true);
    expect((await prepared(agent, folder)).cached).toBe(true);
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('does not touch what a link points to', async () => {
    const [folder, elsewhere] = [await temporaryFolder(), await temporaryFolder()];
    const { directory } = await prepared(agent, folder);
    await rename(directory, join(elsewhere, 'kept'));
    await symlink(join(elsewhere, 'kept'), directory);
    expect((await prepared(agent, folder)).cached).toBe(false);
    expect(await readdir(join(elsewhere, 'kept'))).toHaveLength(3);
  });

  it.each([0o777, 0o770, 0o1777])('is refused where others can write to its folder: %o', async (mode) => {
    const folder = await temporaryFolder();
    await prepared(agent, folder);
    await chmod(folder, mode);
    await expect(prepared(agent, folder)).rejects.toMatchObject({
      code: 'ERR_PREPARE_FAILED',
      message: expect.stringMatching(/can be written to by others$/) as string,
      hints: [`chmod go-w ${folder}`],
    });
    await chmod(folder, 0o755);
    expect((await prepared(agent, folder)).cached).toBe(true);
  });

  it('does not give the artefact of one key for another', async () => {
    const folder = await temporaryFolder();
    const store = createArtefactStore(folder);
    await store.save(keyOf(1), made('one').manifest, made('one').files);
    await rename(join(folder, keyOf(1)), join(folder, keyOf(2)));
    expect(await store.load(keyOf(2))).toBeUndefined();
  });
});

describe('a cache with a limit', () => {
  it('gives up what was used least recently, and nothing that is in use', async () => {
    const folder = await temporaryFolder();
    const store = createArtefactStore(folder, 25_000);
    const part = made('x'.repeat(10_000));
    for (const index of [1, 2, 3]) await store.save(keyOf(index), part.manifest, part.files);
    expect(await readdir(folder)).toHaveLength(3); // all of them were just made
    await age(folder, 1, 60);
    await age(folder, 2, 90);
    await age(folder, 3, 30);
    await store.load(keyOf(2)); // now it is the one used last
    await store.save(keyOf(4), part.manifest, part.files);
    expect((await readdir(folder)).sort()).toEqual([keyOf(2), keyOf(4)]);
  });

  it('runs a component whose folder is taken away after it was loaded', async () => {
    const folder = await temporaryFolder();
    const artefact = await prepared(await componentOf(agentText()), folder);
    const { guest } = await runCell(artefact);
    expect(guest.kind).toBe('ok');
    await rm(artefact.directory, { recursive: true });
    expect((await runCell(artefact)).guest).toMatchObject({
      kind: 'fault',
      message: expect.stringMatching(/is gone/) as string,
    });
    expect((await prepared(await componentOf(agentText()), folder)).cached).toBe(false);
  });

  it('leaves what is no artefact alone', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'README'), 'x'.repeat(50_000));
    await utimes(join(folder, 'README'), 0, 0);
    const store = createArtefactStore(folder, 1);
    await store.save(keyOf(1), made('one').manifest, made('one').files);
    expect((await readdir(folder)).sort()).toEqual([keyOf(1), 'README']);
  });

  it('is safe when eight processes write, read, damage and evict at once', async () => {
    const folder = await temporaryFolder();
    const script = `
      import { createArtefactStore, sha256 } from ${JSON.stringify(STORE)};
      import { appendFile, utimes } from 'node:fs/promises';
      const [folder, seed] = process.argv.slice(1);
      const store = createArtefactStore(folder, 30_000);
      let state = Number(seed), wrong = 0, loaded = 0;
      const random = (below) => (state = (state * 48271) % 2147483647) % below;
      for (let round = 0; round < 60; round++) {
        const index = random(8), key = index.toString(16).padStart(40, '0');
        const glue = new TextEncoder().encode(String(index).repeat(10_000));
        const manifest = { digest: 'sha256:' + '0'.repeat(64), fuel: false, glueSha256: sha256(glue), modules: [], imports: {} };
        const found = await store.load(key);
        if (found !== undefined) loaded++;
        if (found !== undefined && found.glueSha256 !== manifest.glueSha256) wrong++;
        const saved = found ?? await store.save(key, manifest, new Map([['component.js', glue]]));
        if (random(4) === 0) await utimes(saved.directory, 1, 1).catch(() => undefined);
        if (random(9) === 0) await appendFile(saved.directory + '/component.js', '!').catch(() => undefined);
      }
      console.log(JSON.stringify({ wrong, loaded }));`;
    const runs = Array.from({ length: 8 }, (_, index) =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, '--', folder, String(index + 1)]),
    );
    for (const { stdout } of await Promise.all(runs)) expect(JSON.parse(stdout)).toMatchObject({ wrong: 0 });
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  }, 120_000);
});

describe('a disk that takes no more', () => {
  it('ends preparing in one line with a hint, and leaves nothing behind', async () => {
    const folder = await temporaryFolder();
    const script = `
      import { createArtefactStore } from ${JSON.stringify(STORE)};
      const store = createArtefactStore(process.argv[1]);
      const manifest = { digest: 'sha256:' + '0'.repeat(64), fuel: false, glueSha256: '', modules: [], imports: {} };
      await store.save('${keyOf(1)}', manifest, new Map([['component.js', new Uint8Array(1_000_000)]])).catch((error) => {
        console.log(JSON.stringify({ code: error.code, message: error.message, hints: error.hints }));
      });`;
    // Files end at 64 KiB there, as they end on a full disk.
    const limited = spawn('sh', [
      '-c',
      'ulimit -f 128; exec "$0" "$@"',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
      '--',
      folder,
    ]);
    let text = '';
    for await (const chunk of limited.stdout) text += String(chunk);
    expect(JSON.parse(text)).toEqual({
      code: 'ERR_PREPARE_FAILED',
      message: expect.stringMatching(
        /^the prepared component cannot be written to `[^`]+`: E[A-Z]+: [^\n]+$/,
      ) as string,
      hints: ['make room there, or lower `cache.maxBytes`'],
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

async function edit(directory: string, change: (text: string) => string): Promise<void> {
  const path = join(directory, 'manifest.json');
  await writeFile(path, change(await readFile(path, 'utf8')));
}

async function replaced(path: string, make: (path: string) => Promise<unknown>): Promise<void> {
  await rm(path, { recursive: true });
  await make(path);
}

/** Moves something elsewhere and leaves a link to it. */
async function linked(path: string): Promise<void> {
  const elsewhere = join(await temporaryFolder(), 'elsewhere');
  await rename(path, elsewhere);
  await symlink(elsewhere, path);
}
