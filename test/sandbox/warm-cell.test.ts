import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Artefact } from '../../host/sandbox/artefact.ts';
import { createModuleStore } from '../../host/sandbox/module-store.ts';
import { startThreadCell } from '../../host/sandbox/thread-cell.ts';
import { warmThreadCell } from '../../host/sandbox/warm-cell.ts';
import { ENTRY, LIMITS, prepared, runCell, temporaryFolder } from './support/cell.ts';
import { agentText, componentOf } from './support/wat.ts';

describe('a cell that was started before', () => {
  let component: Uint8Array;
  beforeAll(async () => {
    component = await componentOf(agentText());
  });
  const agent = async (): Promise<Artefact> => prepared(component, await temporaryFolder());

  it('serves one run and no other', async () => {
    const artefact = await agent();
    const warm = warmThreadCell({ entry: ENTRY });
    expect((await runCell(artefact, { warm })).guest).toEqual({ kind: 'ok', output: 'hello' });
    expect(warm.take(LIMITS)).toBeUndefined();
    expect((await runCell(artefact, { warm })).guest).toEqual({ kind: 'ok', output: 'hello' });
  });

  it('is replaced if it has ended', async () => {
    const artefact = await agent();
    const warm = warmThreadCell({ entry: ENTRY });
    await warm.close();
    expect((await runCell(artefact, { warm })).guest.kind).toBe('ok');
  });

  it('that cannot start is a fault only when it is needed', async () => {
    const artefact = await agent();
    const entry = new URL('file:///nowhere.js');
    const warm = warmThreadCell({ entry });
    const { end } = startThreadCell({ entry, warm, data: 0, artefact, modules: createModuleStore(), limits: LIMITS });
    expect((await end).guest.kind).toBe('fault');
  });

  it('is not used where the engine would grant other limits', () => {
    const warm = warmThreadCell({ entry: ENTRY });
    expect(warm.take({ ...LIMITS, heapBytes: LIMITS.heapBytes / 2 })).toBeUndefined();
  });

  it('does not keep the process alive', async () => {
    const file = join(import.meta.dirname, '..', '..', 'host', 'sandbox', 'warm-cell.ts');
    const script = `import { warmThreadCell } from ${JSON.stringify(file)}; warmThreadCell({ entry: new URL(${JSON.stringify(ENTRY.href)}) });`;
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { timeout: 10_000 });
  });
});

it('is a fault of the host when the data of a run cannot be cloned', async () => {
  const artefact = await prepared(await componentOf(agentText()), await temporaryFolder());
  const { end } = startThreadCell({
    entry: ENTRY,
    data: () => 0,
    artefact,
    modules: createModuleStore(),
    limits: LIMITS,
  });
  expect((await end).guest).toMatchObject({
    kind: 'fault',
    message: expect.stringMatching(/cannot be started/) as string,
  });
});
