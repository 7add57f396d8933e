import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Artefact } from '../../host/sandbox/artefact.ts';
import { createCellPool, type CellPool } from '../../host/sandbox/cell-pool.ts';
import { createModuleStore } from '../../host/sandbox/module-store.ts';
import { ENTRY, LIMITS, prepared, runCell, temporaryFolder } from './support/cell.ts';
import { agentText, calling, componentOf, ECHO } from './support/wat.ts';

let component: Uint8Array;
beforeAll(async () => {
  component = await componentOf(agentText());
});
const agent = async (): Promise<Artefact> => prepared(component, await temporaryFolder());

const pools: CellPool[] = [];
function poolOf(entry = ENTRY): CellPool {
  const pool = createCellPool({ entry });
  pools.push(pool);
  return pool;
}
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});

const openingOf = (artefact: Artefact) => ({
  data: { closing: 0, ahead: true },
  artefact,
  modules: createModuleStore(),
  limits: LIMITS,
});

describe('a pool of cells', () => {
  it('keeps as many ready as it was asked for, and gives each to one run', async () => {
    const artefact = await agent();
    const pool = poolOf();
    expect(await pool.keep('a', openingOf(artefact), 2)).toBe(2);
    const [first, second] = [pool.take('a'), pool.take('a')];
    expect(first).toBeDefined();
    expect(second).not.toBe(first);
    for (const warm of [first, second]) {
      const { guest } = await runCell(artefact, { warm: warm!, input: 'there' });
      expect(guest).toEqual({ kind: 'ok', output: 'there' });
      expect(warm!.take(LIMITS)).toBeUndefined();
    }
  });

  it('gives nothing for a key that it does not keep', async () => {
    const pool = poolOf();
    await pool.keep('a', openingOf(await agent()), 1);
    expect(pool.take('b')).toBeUndefined();
  });

  it('replaces what was taken', async () => {
    const artefact = await agent();
    const pool = poolOf();
    await pool.keep('a', openingOf(artefact), 1);
    for (let turn = 0; turn < 3; turn += 1) {
      await expect
        .poll(() => pool.take('a'), { timeout: 20_000, interval: 50 })
        .toSatisfy((warm) => warm !== undefined);
    }
  });

  it('lets no guest call the host before there is a run: its instance is made again', async () => {
    const text = calling('ping', ECHO);
    const fields = '(func $begin (call $call (i32.const 512))) (start $begin)';
    const artefact = await prepared(await componentOf(agentText({ ...text, fields })), await temporaryFolder());
    const pool = poolOf();
    expect(await pool.keep('a', openingOf(artefact), 1)).toBe(1);
    const { guest, usage } = await runCell(artefact, { warm: pool.take('a')!, input: 'there' });
    expect(guest).toEqual({ kind: 'ok', output: 'there' });
    expect(usage.hostCalls).toBe(1);
  });

  it('says how many could not be opened, and holds none of those', async () => {
    const artefact = await agent();
    const pool = poolOf(new URL('file:///nowhere.js'));
    expect(await pool.keep('a', openingOf(artefact), 2)).toBe(0);
    expect(pool.take('a')).toBeUndefined();
  });

  it('keeps no cell whose modules are not what was prepared', async () => {
    const artefact = await agent();
    const [module] = artefact.modules;
    const damaged = { ...artefact, modules: [{ ...module!, sha256: '0'.repeat(64) }] };
    const pool = poolOf();
    expect(await pool.keep('a', openingOf(damaged), 1)).toBe(0);
  });
});
