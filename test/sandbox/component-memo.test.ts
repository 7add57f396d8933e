import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createComponentMemo } from '../../host/sandbox/component-memo.ts';
import { temporaryFolder } from './support/cell.ts';

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const component = (...rest: number[]): Uint8Array => Uint8Array.from([...HEADER, ...rest]);
/** Longer than a file must have been left alone to be remembered. */
const SETTLED_MS = 2200;

describe('what is known of component files', () => {
  it('is the digest of what stands there, as soon as it is written', async () => {
    const path = join(await temporaryFolder(), 'a.wasm');
    const memo = createComponentMemo(1 << 20);
    writeFileSync(path, component(1));
    const first = await memo.read(path);
    writeFileSync(path, component(2)); // within one tick of a coarse clock
    const second = await memo.read(path);
    expect(second.digest).not.toBe(first.digest);
    expect([...(await second.bytes())]).toEqual([...component(2)]);
  });

  it('stays while the file stays, and is read anew when it is exchanged', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'a.wasm');
    writeFileSync(path, component(1));
    writeFileSync(join(folder, 'b.wasm'), component(2));
    await sleep(SETTLED_MS);
    const memo = createComponentMemo(1 << 20);
    const first = await memo.read(path);
    expect((await memo.read(path)).digest).toBe(first.digest);
    const remembered = await memo.read(path);
    renameSync(join(folder, 'b.wasm'), path);
    // Whoever has the digest gets the bytes of that digest or none.
    await expect(remembered.bytes()).rejects.toThrow('exchanged');
    expect((await memo.read(path)).digest).not.toBe(first.digest);
  });

  it('is nothing where the file is no component, time and again', async () => {
    const path = join(await temporaryFolder(), 'a.wasm');
    writeFileSync(path, 'text');
    const memo = createComponentMemo(1 << 20);
    for (let turn = 0; turn < 2; turn += 1)
      await expect(memo.read(path)).rejects.toMatchObject({ code: 'ERR_COMPONENT_INVALID' });
    await expect(memo.read(`${path}.none`)).rejects.toMatchObject({ code: 'ERR_COMPONENT_READ' });
  });
});
