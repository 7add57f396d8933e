import { appendFile, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { prepared, runCell, temporaryFolder } from './support/cell.ts';
import { agentText, componentOf } from './support/wat.ts';

describe('the cache of prepared components', () => {
  let agent: Uint8Array;
  beforeAll(async () => {
    agent = await componentOf(agentText());
  });

  const damages: [string, (directory: string) => Promise<void>][] = [
    ['glue that was added to', (directory) => appendFile(join(directory, 'component.js'), '\n;')],
    ['a module that was cut off', (directory) => writeFile(join(directory, 'component.core.wasm'), '')],
    ['a module that is gone', (directory) => rm(join(directory, 'component.core.wasm'))],
    ['a manifest that is not JSON', (directory) => writeFile(join(directory, 'manifest.json'), '{')],
    [
      'a manifest with another key',
      (directory) => writeFile(join(directory, 'manifest.json'), '{"__proto__": {}, "digest": ""}'),
    ],
    [
      'a manifest that names a file elsewhere',
      async (directory) => {
        const path = join(directory, 'manifest.json');
        await writeFile(path, (await readFile(path, 'utf8')).replace('"component.core.wasm"', '"../../outside.wasm"'));
      },
    ],
  ];
  it.each(damages)('prepares again after %s', async (_, damage) => {
    const folder = await temporaryFolder();
    const first = await prepared(agent, folder);
    await damage(first.directory);
    const second = await prepared(agent, folder);
    expect(second.cached).toBe(false);
    expect(second.directory).toBe(first.directory);
    expect(second.glueSha256).toBe(first.glueSha256);
    expect((await prepared(agent, folder)).cached).toBe(true);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('does not run an artefact that is damaged after it was loaded', async () => {
    const artefact = await prepared(agent, await temporaryFolder());
    await appendFile(join(artefact.directory, 'component.js'), '\nthrow new Error("never");');
    const end = await runCell(artefact);
    expect(end.guest).toMatchObject({ kind: 'fault', message: expect.stringMatching(/is damaged/) as string });
  });

  it('is safe when one component is prepared several times at once', async () => {
    const folder = await temporaryFolder();
    const artefacts = await Promise.all([1, 2, 3, 4].map(() => prepared(agent, folder)));
    expect(new Set(artefacts.map(({ directory }) => directory)).size).toBe(1);
    expect(await readdir(folder)).toHaveLength(1);
    expect((await runCell(artefacts[0]!)).guest).toEqual({ kind: 'ok', output: 'hello' });
  });

  it('removes what a process that died has left, but not what another one is writing', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, '.new-1-aaaa'));
    await mkdir(join(folder, '.new-2-bbbb'));
    await utimes(join(folder, '.new-1-aaaa'), 0, 0);
    await prepared(agent, folder);
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual(['.new-2-bbbb']);
  });

  it('says that the folder is a file', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'cache'), '');
    const message = expect.stringMatching(/cannot be written to/) as string;
    await expect(prepared(agent, join(folder, 'cache'))).rejects.toMatchObject({ code: 'ERR_PREPARE_FAILED', message });
  });
});
