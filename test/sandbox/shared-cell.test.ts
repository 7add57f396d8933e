import { afterEach, describe, expect, it } from 'vitest';
import type { Artefact } from '../../host/sandbox/artefact.ts';
import type { SharedCells } from '../../host/sandbox/shared-cell.ts';
import { bedOf, sharedCells, temporaryFolder, type CellRun, type CellSetup } from './support/cell.ts';
import { agentText, calling, componentOf } from './support/wat.ts';

const { prepared, runCell } = bedOf('shared');
const HEAP_BYTES = 64 * 1_048_576;

/** Calls a gate again and again. */
const calls = async (name: string): Promise<Artefact> =>
  prepared(
    await componentOf(agentText(calling(name, '(loop $again (call $call (i32.const 64)) (br $again)) (unreachable)'))),
    await temporaryFolder(),
  );

let cells: SharedCells;
afterEach(() => cells.close());

const runOn = (artefact: Artefact, setup: CellSetup = {}): Promise<CellRun> =>
  runCell(artefact, { ...setup, warm: cells.place() });

/** What no guest can do, and a fault in a gate could: it does not give back the thread, or takes all memory that there is. */
describe('runs on one thread', () => {
  it('end together where a gate does not give it back, and the next run has another', async () => {
    cells = sharedCells();
    const [holding, waiting, honest] = await Promise.all([calls('hold'), calls('slow'), prepared(await componentOf(agentText()), await temporaryFolder())]); // prettier-ignore
    await runOn(honest);
    const [neighbour, held] = await Promise.all([runOn(waiting), runOn(holding, { limits: { wallMs: 1000 } })]);
    expect(held.guest).toMatchObject({ kind: 'limit', limit: 'wallMs' });
    expect(held.closed).toBe(false);
    expect(neighbour.guest).toEqual({ kind: 'fault', message: 'the cell ended without a word' });
    expect((await runOn(honest, { input: 'next' })).guest).toEqual({ kind: 'ok', output: 'next' });
  }, 30_000);

  it('end together where its heap is full, and the next run has another', async () => {
    cells = sharedCells(HEAP_BYTES);
    const [filling, waiting, honest] = await Promise.all([calls('heap'), calls('slow'), prepared(await componentOf(agentText()), await temporaryFolder())]); // prettier-ignore
    await runOn(honest);
    const [neighbour, full] = await Promise.all([runOn(waiting), runOn(filling)]);
    for (const { guest, closed } of [full, neighbour]) {
      expect(guest).toMatchObject({ kind: 'limit', limit: 'heapBytes' });
      expect(closed).toBe(false);
    }
    expect((await runOn(honest, { input: 'next' })).guest).toEqual({ kind: 'ok', output: 'next' });
  }, 30_000);
});
